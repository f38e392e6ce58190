"""Fast implementations of CRFs and their marginals, dropout, range maxima and GRUs."""
