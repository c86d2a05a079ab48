#!/usr/bin/env python3
"""Run layers over more images than fit in memory, block by block.

The idea: no layer mixes examples. So a block of examples can be read from
disk, passed through the layers and written back before the next one is read.
Dask divides the work into such blocks and computes a few of them at a time, in
threads of this process or, after `dask.distributed.Client(address)`, on the
machines of a cluster. Only these are in memory, however large the whole is.
See `recipe`. To show this, the program first writes more images than it allows
itself to hold.
"""
import argparse
import os
import resource
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

# blocks are computed side by side: BLAS threads would compete with them
os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
if __name__ == '__main__':
    del sys.path[0]     # distributed.py, beside this file, would hide Dask's
sys.path[:0] = [ROOT, os.path.join(ROOT, 'mains')]
import dask  # noqa: E402
import dask.array as da  # noqa: E402
import numpy as np  # noqa: E402
import zarr  # noqa: E402
import surroundings  # noqa: E402
conv_forward = __import__('0-conv_forward').conv_forward
pool_forward = __import__('1-pool_forward').pool_forward

MIB = 2 ** 20
BLOCK = 500     # images
THREADS = 2     # this many blocks are in memory at once
rng = np.random.RandomState(0)
W = rng.randn(5, 5, 1, 6).astype(np.float32) / 5
b = rng.randn(1, 1, 1, 6).astype(np.float32) / 5


def first_layers(images):
    """Return the output of LeNet-5's first convolution and pooling."""
    A = conv_forward(images, W, b, lambda Z: np.maximum(Z, 0))
    return pool_forward(A, (2, 2), (2, 2))


def recipe(source, target):
    """Read images, (m, 28, 28, 1), from a Zarr array; write their features."""
    images = da.from_zarr(source)
    images.map_blocks(first_layers, dtype=np.float32, chunks=(
        images.chunks[0], (14,), (14,), (6,))).to_zarr(target)


def show(folder, n, limit):
    """Write n images, show that they do not fit, and apply the recipe."""
    digits = surroundings.load_mnist('test')['X_test']
    # the memory that a process can write to
    resource.setrlimit(resource.RLIMIT_DATA, (limit * MIB, limit * MIB))
    source, target = (os.path.join(folder, name)
                      for name in ('images.zarr', 'features.zarr'))
    images = zarr.open(source, mode='w', shape=(n, 28, 28, 1),
                       chunks=(BLOCK, 28, 28, 1), dtype=np.float32)
    for i in range(0, n, BLOCK):    # the digits again and again
        images[i:i + BLOCK] = digits[
            np.arange(i, min(i + BLOCK, n)) % len(digits), :, :, None]
    print('On disk: {} float32, {} MiB; the limit of memory: {} MiB'.format(
        images.shape, images.nbytes // MIB, limit), flush=True)
    try:
        np.empty(images.shape, images.dtype)
        print('All at once: they fit', flush=True)
    except MemoryError as error:
        print('All at once: {}'.format(error), flush=True)
    # an early end, too, waits here until no block is being written any more
    with ThreadPoolExecutor(THREADS) as pool, dask.config.set(pool=pool):
        recipe(source, target)
    print('Block by block: {} float32; peak memory: {:.0f} MiB'.format(
        zarr.open(target, mode='r').shape,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main():
    """Show it in a temporary folder; keep the arrays if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--examples', type=int, default=200000,
                        help='how many images (%(default)s)')
    parser.add_argument('--limit', type=int, default=512,
                        help='the memory to use, in MiB (%(default)s)')
    parser.add_argument('--folder', help='a new folder that keeps the arrays')
    args = parser.parse_args()
    for name, least in ('examples', 1), ('limit', 256):
        if not least <= vars(args)[name] < 2 ** 40:
            parser.error('--{}: {} is not from {} to 2**40'.format(
                name, vars(args)[name], least))
    place = args.folder and os.path.dirname(os.path.abspath(args.folder))
    if args.folder == '' or place and os.path.lexists(args.folder):
        parser.error('--folder: {!r} is not a new name'.format(args.folder))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('Terminated.'))
    try:
        with tempfile.TemporaryDirectory(dir=place) as own:
            folder = os.path.join(own, 'new')
            show(folder, args.examples, args.limit)
            if args.folder:
                os.rename(folder, args.folder)
    except KeyboardInterrupt:
        sys.exit('Interrupted.')
    except MemoryError:
        sys.exit('Even a block at a time does not fit: raise --limit.')
    except OSError as error:
        sys.exit('{}: {}'.format(place or 'the temporary folder',
                                 error.strerror or error))


if __name__ == "__main__":
    main()
