// The corpora: a dataset reader and the files.
local environment = import 'environment.libsonnet';
local text = import 'text.libsonnet';

// A tenth of the training split of each ADE fold is held out as the development split. The dataset reader
// accepts this object instead of a path.
local ade_development = { held_out: 0.1, seed: 0 };

{
  conll04: {
    reader: { type: 'conll04' },
    train: 'resources/conll04/conll04_train.json',
    validation: 'resources/conll04/conll04_dev.json',
    test: 'resources/conll04/conll04_test.json',
  },
  // One of SpERT's ten folds, 0 to 9. They have no development split, see `ade_development`.
  ade(fold)::
    local train(part) = ade_development { path: 'resources/ade/ade_split_%d_train.json' % fold, part: part };
    {
      reader: { type: 'ade' },
      train: train('rest'),
      validation: train('held_out'),
      test: 'resources/ade/ade_split_%d_test.json' % fold,
    },
  scierc: {
    // SpERT, too, scores these two without a direction.
    reader: { type: 'scierc', symmetric_relations: ['Compare', 'Conjunction'] },
    train: 'resources/scierc/scierc_train.json',
    validation: 'resources/scierc/scierc_dev.json',
    test: 'resources/scierc/scierc_test.json',
  },
  // The files in three environment variables. Development and test data are optional.
  // Five more set how text is tokenised: see text.libsonnet.
  own: {
    local named(variable) = if std.objectHas(environment, variable) then '$' + variable,
    reader: { type: 'spert' } + text,
    train: '$TRAIN_DATA',
    validation: named('DEVELOPMENT_DATA'),
    test: named('TEST_DATA'),
  },
  // The sample corpora, which are part of this project.
  sample_news: {
    reader: { type: 'conll04' },
    train: 'fixtures/sample/news_train.json',
    validation: 'fixtures/sample/news_dev.json',
    test: 'fixtures/sample/news_test.json',
  },
  sample_case_reports: {
    reader: { type: 'ade' },
    train: 'fixtures/sample/case_reports_train.json',
    validation: 'fixtures/sample/case_reports_dev.json',
    test: 'fixtures/sample/case_reports_test.json',
  },
}
