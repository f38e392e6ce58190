// scierc.jsonnet with one network. The settings of scierc.jsonnet are searched with it.
(import '../scierc.jsonnet') + { model+: { num_networks: 1 } }
