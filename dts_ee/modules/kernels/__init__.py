"""
Tensor code that replaces slower library code: the CRF and its marginals, dropout, maxima
over ranges, and GRUs.
"""
