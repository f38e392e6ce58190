"""
Tensor code that takes the place of slower library code: the CRF and its marginals, dropout, maxima
over ranges, and GRUs.
"""
