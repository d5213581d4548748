import sim  # noqa: F401  before Numba, so that kernels are kept by the hash of their sources
