#!/usr/bin/env python3
"""Run layers over more images than fit in memory, block by block.

The idea: no layer mixes examples. So a block of examples can be read from
disk, passed through the layers and written back before the next one is read.
Dask does so with a few blocks at a time, in threads or, once a
`dask.distributed.Client` exists, on a cluster. Only these blocks are in
memory, however large the whole is: see `recipe`.
"""
import argparse
import multiprocessing
import os
import resource
import signal
import sys
import tempfile

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
    resource.setrlimit(resource.RLIMIT_DATA, (limit * 2 ** 20,) * 2)
    source, target = folder + '/images.zarr', folder + '/features.zarr'
    images = zarr.open(source, mode='w', shape=(n, 28, 28, 1),
                       chunks=(500, 28, 28, 1), dtype=np.float32)
    for i in range(0, n, len(digits)):      # the same ones again and again
        images[i:i + len(digits)] = digits[:n - i, :, :, None]
    print(f'On disk: {images.shape} float32, {images.nbytes // 2 ** 20} MiB; '
          f'the limit of memory: {limit} MiB', flush=True)
    try:
        np.empty(images.shape, images.dtype)
        print('All at once: they fit', flush=True)
    except MemoryError as error:
        print(f'All at once: {error}', flush=True)
    with dask.config.set(num_workers=2):    # blocks at once
        recipe(source, target)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"Block by block: {zarr.open(target, mode='r').shape} float32; "
          f'peak memory: {peak} MiB')


def second(folder, *arguments):
    """Run `show` in a process that ends early if the first one says so."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
    try:
        show(folder, *arguments)
    except (MemoryError, OSError, RuntimeError) as error:
        sys.exit(f'{folder}: {error}')


def main():
    """Show it in a temporary folder; keep the arrays if asked to."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--examples', type=int, default=200000,
                        help='how many images (%(default)s)')
    parser.add_argument('--limit', type=int, default=512,
                        help='the memory to use, in MiB (%(default)s)')
    parser.add_argument('--folder', help='a new folder that keeps the arrays')
    args = parser.parse_args()
    for name, least in ('examples', 1), ('limit', 400):
        if not least <= vars(args)[name] < 2 ** 40:
            parser.error(f'--{name}: {vars(args)[name]} is not from {least} to'
                         ' 2**40')
    place = args.folder and os.path.dirname(os.path.abspath(args.folder))
    if args.folder == '' or os.path.lexists(args.folder or ''):
        parser.error(f'--folder: {args.folder!r} is not a new name')
    signal.signal(signal.SIGTERM, lambda *_: sys.exit('Terminated.'))
    try:
        with tempfile.TemporaryDirectory(dir=place) as own:
            folder = os.path.join(own, 'new')
            process = multiprocessing.Process(
                target=second, args=[folder, args.examples, args.limit])
            process.start()
            try:
                process.join()
            finally:    # it must not write while its files are removed
                process.kill()
                process.join()
            if args.folder and process.exitcode == 0:
                os.rename(folder, args.folder)
    except KeyboardInterrupt:
        sys.exit('Interrupted.')
    except OSError as error:
        sys.exit(str(error))
    sys.exit(process.exitcode)


if __name__ == "__main__":
    main()
