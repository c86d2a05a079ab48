#!/usr/bin/env python3
"""Run layers over more images than memory holds, block by block.

The idea: no layer mixes examples, so a block of them can be read from disk,
taken through the layers and written back before the next one is read. Dask
cuts the work into such blocks and has a few of them under way at a time, in
threads of this process or in processes of a cluster: only these are in memory,
however large the whole is. See `recipe`. Around it, this program writes a
dataset that is larger than the memory it allows itself.
"""
import argparse
import contextlib
import os
import resource
import shutil
import signal
import sys
import tempfile
from multiprocessing import resource_tracker

if __name__ == '__main__':
    # blocks are computed side by side: BLAS threads besides would compete for
    # the same processors, and NumPy sets memory apart for each on its import
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
# distributed.py, which lies beside this program, would hide Dask's package
sys.path[:] = [path for path in sys.path if os.path.abspath(path) != HERE]
sys.path[:0] = [ROOT, os.path.join(ROOT, 'mains')]
import dask  # noqa: E402
import dask.array as da  # noqa: E402
import numpy as np  # noqa: E402
import zarr  # noqa: E402
from dask.diagnostics import ProgressBar  # noqa: E402
from dask.distributed import Client, LocalCluster  # noqa: E402
surroundings = __import__('surroundings')
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward

MIB = 2 ** 20
BLOCK = 500     # images
THREADS = 2     # as many blocks are in memory at once
rng = np.random.RandomState(0)
W = rng.randn(5, 5, 1, 6).astype(np.float32) / 5
b = rng.randn(1, 1, 1, 6).astype(np.float32) / 5


def relu(Z):
    """Rectify Z in place: a block has no other use for it."""
    return np.maximum(Z, 0, out=Z)


def first_layers(images):
    """Return LeNet-5's first convolution of the images, pooled."""
    A = conv_forward(images, W, b, relu, 'same')        # (m, 28, 28, 6)
    return pool_forward(A, (2, 2), (2, 2))              # (m, 14, 14, 6)


def recipe(source, target):
    """Take the images in one Zarr array to the features in another.

    Parameters
    ----------
    source : str
        The folder of the images, (m, 28, 28, 1).
    target : str
        The folder to write, (m, 14, 14, 6) in as many blocks.
    """
    images = da.from_zarr(source)
    features = images.map_blocks(
        first_layers, dtype=np.float32,
        chunks=(images.chunks[0], (14,), (14,), (6,)))
    features.to_zarr(target)


def write_images(path, digits, n):
    """Write n images, the digits over and over, block by block."""
    images = zarr.open(path, mode='w', shape=(n, 28, 28, 1), dtype=np.float32,
                       chunks=(BLOCK, 28, 28, 1))
    for i in range(0, n, BLOCK):
        images[i:i + BLOCK] = digits[
            np.arange(i, min(i + BLOCK, n)) % len(digits), :, :, None]


def peak():
    """Return the most memory, in MiB, that this process ever had in use.

    Linux counts a new process from what that which started it had in use.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextlib.contextmanager
def threads():
    """Let Dask compute in threads; give a function that returns the peak."""
    watched = sys.stderr.isatty()
    with dask.config.set(scheduler='threads', num_workers=THREADS), (
            ProgressBar(out=sys.stderr) if watched
            else contextlib.ExitStack()):
        yield peak


@contextlib.contextmanager
def cluster(workers):
    """Let Dask compute in processes; give a function that returns the peak."""
    # a connection that is closed at its other end must end no process
    pipe = signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    # Ctrl-C reaches every process, but only this one shall answer, and not
    # while the cluster is half made, which could not be undone in silence.
    # Workers inherit that the signal is blocked; what Python starts along with
    # the first of them would lift that, so it has to run before
    pressed = []
    ctrl_c = signal.signal(signal.SIGINT, lambda *_: pressed.append(True))
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    with tempfile.TemporaryDirectory() as folder, dask.config.set(
            temporary_directory=folder), LocalCluster(
                workers, threads_per_worker=1, memory_limit=None,
                dashboard_address=':0') as processes, Client(
                    processes) as client:
        client.run(signal.signal, signal.SIGPIPE, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
        signal.signal(signal.SIGINT, ctrl_c)
        if pressed:
            raise KeyboardInterrupt
        yield lambda: max(client.run(peak).values())
    signal.signal(signal.SIGPIPE, pipe)


def number(least):
    """Return a type for argparse: a whole number, `least` or more."""
    def whole(text):
        """Return the number that a text holds."""
        if int(text) < least:
            raise argparse.ArgumentTypeError(
                '{} is less than {}'.format(text, least))
        return int(text)
    whole.__name__ = 'whole number'
    return whole


def main():
    """Write the images, show that they do not fit, and use the recipe."""
    parser = argparse.ArgumentParser(
        description='Run layers over more images than memory holds.')
    parser.add_argument('--examples', type=number(1), default=200000,
                        help='how many images (%(default)s)')
    parser.add_argument('--limit', type=number(256), default=512,
                        help='the memory of each process, in MiB '
                             '(%(default)s)')
    parser.add_argument('--workers', type=number(1),
                        help='compute in as many processes, not in threads')
    parser.add_argument('--folder', help='where to write images.zarr and '
                        'features.zarr (a folder that is removed)')
    args = parser.parse_args()
    digits = surroundings.load_mnist('test')['X_test']
    # RLIMIT_DATA counts what a process can write to; RLIMIT_AS would count
    # the addresses as well that the C library only reserves for each thread
    resource.setrlimit(resource.RLIMIT_DATA, (args.limit * MIB,) * 2)
    with contextlib.ExitStack() as stack:
        folder = args.folder or stack.enter_context(
            tempfile.TemporaryDirectory())
        source = os.path.join(folder, 'images.zarr')
        target = os.path.join(folder, 'features.zarr')
        write_images(source, digits, args.examples)
        images = zarr.open(source, mode='r')
        print("On disk: {} float32, {:.0f} MiB; the limit of memory: {} MiB"
              .format(images.shape, images.nbytes / MIB, args.limit))
        try:
            # not images[:], where NumPy 1.19 fails at a cost: it miscounts
            # the uses of float32 and complains at the end
            np.empty(images.shape, images.dtype)
            print("All at once: they fit")
        except MemoryError as error:
            print("All at once: {}".format(error))
        # what an earlier run left there, Dask would not write over
        shutil.rmtree(target, ignore_errors=True)
        with (cluster(args.workers) if args.workers else
              threads()) as most:
            try:
                recipe(source, target)
            except (MemoryError, RuntimeError) as error:
                sys.exit("Even a few blocks at a time do not fit ({}): raise "
                         "--limit.".format(str(error) or 'MemoryError'))
            used = most()
        features = zarr.open(target, mode='r')
        print("Block by block: {} {}, {:.0f} MiB; peak memory: {:.0f} MiB"
              .format(features.shape, features.dtype, features.nbytes / MIB,
                      used))


if __name__ == "__main__":
    main()
