"""Chunks of rows in threads."""

import copy
import pickle
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.threads import Chunks


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(0, 50))
def test_chunks_cover_every_row_once(threads, n):
    for indexed in (False, True):
        chunks, seen, lock = Chunks(threads), [], threading.Lock()

        def kernel(*args, seen=seen, lock=lock):
            with lock:
                seen.append(args)

        (chunks.run_indexed if indexed else chunks.run)(kernel, n, ("more",))
        seen.sort()
        assert [s[0] for s in seen] == (list(range(threads)) if indexed else [s[-3] for s in seen])
        assert all(s[-1] == "more" for s in seen) and len(seen) == threads
        assert [row for s in sorted(seen) for row in range(s[-3], s[-2])] == list(range(n))


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_in_a_chunk_is_raised(threads):
    def kernel(lo, hi):
        raise ZeroDivisionError(lo)

    with pytest.raises(ZeroDivisionError):
        Chunks(threads).run(kernel, 10, ())


def test_copies_have_threads_of_their_own():
    chunks = Chunks(2)
    chunks.run(lambda lo, hi: None, 4, ())
    for other in (copy.deepcopy(chunks), pickle.loads(pickle.dumps(chunks))):
        assert other.count == 2 and other._executor() is not chunks._executor()
        other.run(lambda lo, hi: None, 4, ())
