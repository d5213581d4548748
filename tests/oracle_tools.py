"""Plain Python for oracles: keyed draws from their definition, and calls of kernels by names of arguments."""

import inspect
import math

M32, M64 = 2**32 - 1, 2**64 - 1


def philox(counter, key):
    """Ten rounds of Philox4x32 (Salmon et al. 2011) on Python's whole numbers."""
    a, b, c, d = counter
    k0, k1 = key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k0, q & M32, (p >> 32) ^ d ^ k1, p & M32
        k0, k1 = (k0 + 0x9E3779B9) & M32, (k1 + 0xBB67AE85) & M32
    return a, b, c, d


def draw4(seed, code, tick, key, k=0):
    """Four words for one decision of one key at one tick."""
    seed, key = int(seed), int(key)
    return philox((key & M32, key >> 32, int(tick) & M32, int(code) << 12 | k), (seed & M32, seed >> 32))


def unit(word):
    return (word + 0.5) / 2**32


def draw1(seed, code, tick, key, k=0):
    return unit(draw4(seed, code, tick, key, k)[0])


def pick(word, n):
    return word * n >> 32


def mix(a, b):
    """Key of a pair (splitmix64's finaliser)."""
    golden = 0x9E3779B97F4A7C15
    z = (int(a) * golden + int(b) + golden) & M64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & M64
    z = (z ^ z >> 27) * 0x94D049BB133111EB & M64
    return z ^ z >> 31


def logistic(x):
    return 1 / (1 + math.exp(-x))


def log_odds(p):
    return math.log(p / (1 - p))


def call(kernel, given, **more):
    """Call a kernel with what it asks for by name, so that tests depend on names and not on the order of arguments."""
    given = {**given, **more}
    names = inspect.signature(getattr(kernel, "py_func", kernel)).parameters
    missing = [n for n in names if n not in given]
    assert not missing, f"{kernel.__name__} has arguments the test does not know: {', '.join(missing)}"
    return kernel(*(given[n] for n in names))
