#!/usr/bin/env python3
"""Run layers over more images than fit in memory, block by block.

The idea: no layer mixes examples. So a block of examples can be read from
disk, passed through the layers and written back before the next one is read.
Dask divides the work into such blocks and processes a few of them at a time,
in threads of this process or in processes of a cluster. Only these are in
memory, however large the whole is. See `recipe`. To show this, the program
first writes a data set that is larger than the memory it allows itself.

All this happens in a second process. The first one waits until that ends, or
for Ctrl-C. Once nothing is written any more, it removes the temporary files.
"""
import argparse
import contextlib
import logging
import multiprocessing
import os
import resource
import shutil
import signal
import sys
import tempfile
import threading
import time

ENDINGS = {signal.SIGINT: 'Interrupted.', signal.SIGTERM: 'Terminated.',
           signal.SIGHUP: 'Terminated.'}

if __name__ == '__main__':
    # blocks are computed side by side: BLAS threads would compete with them
    # for the processors, and NumPy's import reserves memory for each thread
    os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
    # these signals wait until `watch` asks which have arrived
    signal.pthread_sigmask(signal.SIG_BLOCK, [
        signum for signum in ENDINGS
        if signal.getsignal(signum) != signal.SIG_IGN] + [signal.SIGCHLD])

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
# distributed.py, which lies beside this program, would hide Dask's package
if os.path.abspath(sys.path[0]) == HERE:
    del sys.path[0]
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
TABLES = 'images.zarr', 'features.zarr'
EXAMPLE = 4 * (28 * 28 + 14 * 14 * 6)   # bytes: an image and its features
BLOCK = 500     # images
THREADS = 2     # this many blocks are in memory at once
rng = np.random.RandomState(0)
W = rng.randn(5, 5, 1, 6).astype(np.float32) / 5
b = rng.randn(1, 1, 1, 6).astype(np.float32) / 5


def relu(Z):
    """Rectify Z in place: nothing else needs Z."""
    return np.maximum(Z, 0, out=Z)


def first_layers(images):
    """Return the output of LeNet-5's first convolution and pooling."""
    A = conv_forward(images, W, b, relu, 'same')        # (m, 28, 28, 6)
    return pool_forward(A, (2, 2), (2, 2))              # (m, 14, 14, 6)


def recipe(source, target):
    """Read images from one Zarr array and write features to another.

    Parameters
    ----------
    source : str
        The folder of the images, (m, 28, 28, 1).
    target : str
        The folder to write, (m, 14, 14, 6) in the same number of blocks.
    """
    images = da.from_zarr(source)
    features = images.map_blocks(
        first_layers, dtype=np.float32,
        chunks=(images.chunks[0], (14,), (14,), (6,)))
    features.to_zarr(target)


def write_images(path, digits, n):
    """Write n images block by block, repeating the digits as needed."""
    images = zarr.open(path, mode='w', shape=(n, 28, 28, 1), dtype=np.float32,
                       chunks=(BLOCK, 28, 28, 1))
    for i in range(0, n, BLOCK):
        images[i:i + BLOCK] = digits[
            np.arange(i, min(i + BLOCK, n)) % len(digits), :, :, None]


def peak():
    """Return the most memory, in MiB, that this process has ever used.

    On Linux, a new process starts from what its parent was using.
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def watched():
    """Return whether a person is watching, who could use a progress bar."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextlib.contextmanager
def threads():
    """Let Dask compute in threads; yield a function that returns the peak."""
    with dask.config.set(scheduler='threads', num_workers=THREADS), (
            ProgressBar(out=sys.stderr) if watched()
            else contextlib.ExitStack()):
        yield peak


@contextlib.contextmanager
def cluster(workers, folder):
    """Let Dask use processes; yield a function that returns the peak."""
    # an interrupted run needs no warnings when it ends
    os.environ['PYTHONWARNINGS'] = 'ignore'
    with dask.config.set(temporary_directory=folder), LocalCluster(
            workers, threads_per_worker=1, memory_limit=None,
            silence_logs=logging.CRITICAL,
            dashboard_address=':0') as processes, Client(processes) as client:
        yield lambda: max(client.run(peak).values())


def show(args, folder):
    """Write the images, show that they do not fit, and apply the recipe.

    Parameters
    ----------
    args : argparse.Namespace
        What `arguments` returned.
    folder : str
        Where to write.
    """
    digits = surroundings.load_mnist('test')['X_test']
    # RLIMIT_DATA counts the memory that a process can write to; RLIMIT_AS
    # would also count the addresses that the C library reserves per thread
    resource.setrlimit(resource.RLIMIT_DATA, (args.limit * MIB,) * 2)
    source, target = (os.path.join(folder, name) for name in TABLES)
    write_images(source, digits, args.examples)
    images = zarr.open(source, mode='r')
    say("On disk: {} float32, {:.0f} MiB; the limit of memory: {} MiB".format(
        images.shape, images.nbytes / MIB, args.limit))
    try:
        # not images[:]: when that fails, NumPy 1.19 miscounts the references
        # to float32 and complains at the end
        np.empty(images.shape, images.dtype)
        say("All at once: they fit")
    except MemoryError as error:
        say("All at once: {}".format(error))
    with (cluster(args.workers, folder) if args.workers else
          threads()) as most:
        recipe(source, target)
        used = most()
    features = zarr.open(target, mode='r')
    say("Block by block: {} {}, {:.0f} MiB; peak memory: {:.0f} MiB".format(
        features.shape, features.dtype, features.nbytes / MIB, used))


def say(text):
    """Print a line at once, or end this process and say why."""
    try:
        print(text, flush=True)
    except BrokenPipeError:     # nobody reads the output any more
        sys.exit(1)
    except OSError as error:
        sys.exit('standard output: {}'.format(error.strerror))


def unwritten(folder, error):
    """Return a line that says why a folder could not be written to."""
    return '{}: {}'.format(folder or 'the temporary folder',
                           error.strerror or error or type(error).__name__)


def end_with(lifeline):
    """End this process and its workers when the other end is closed."""
    os.read(lifeline, 1)
    for worker in multiprocessing.active_children():
        worker.kill()
    os._exit(1)


def second(lifeline, other_end, args, folder):
    """Do the work of the program, as long as the first process exists."""
    os.close(other_end)
    for signum in ENDINGS:
        signal.signal(signum, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    threading.Thread(target=end_with, args=[lifeline], daemon=True).start()
    try:
        show(args, folder)
    except (MemoryError, RuntimeError) as error:
        sys.exit("Even a few blocks at a time do not fit ({}): raise "
                 "--limit.".format(str(error) or 'MemoryError'))
    except OSError as error:
        sys.exit(unwritten(args.folder, error))


def watch(args, folder):
    """Wait until the second process ends, or until a signal ends this one.

    Returns
    -------
    str or int
        What to pass to `sys.exit`: 0 if all went well.
    """
    lifeline, other_end = os.pipe()
    process = multiprocessing.get_context('fork').Process(
        target=second, args=[lifeline, other_end, args, folder])
    process.start()
    signum = signal.SIGCHLD
    # SIGCHLD also arrives when the process continues after Ctrl-Z
    while signum == signal.SIGCHLD and process.is_alive():
        signum = signal.sigwait(list(ENDINGS) + [signal.SIGCHLD])
    os.close(other_end)
    if signum in ENDINGS:
        process.join(10)
        process.kill()
        process.join()
        # the current line may hold a progress bar
        return '\n' * watched() + ENDINGS[signum]
    process.join()
    if process.exitcode < 0:
        return 'Ended by {}.'.format(signal.Signals(-process.exitcode).name)
    return process.exitcode


@contextlib.contextmanager
def workplace(folder):
    """Yield a new folder within a folder, and remove it at the end.

    Parameters
    ----------
    folder : str or None
        Where to make the new one; None is where temporary files go. If it
        does not exist, it is made, and removed again if it ends up empty.
    """
    new = folder and not os.path.exists(folder)
    if new:
        os.mkdir(folder)
    try:
        own = tempfile.mkdtemp(dir=folder)
        try:
            yield own
        finally:
            # a worker that was killed may still be writing its last block
            for _ in range(100):
                shutil.rmtree(own, ignore_errors=True)
                if not os.path.exists(own):
                    break
                time.sleep(.1)
    finally:
        if new and not os.listdir(folder):
            os.rmdir(folder)


def number(least, most=float('inf')):
    """Return a type for argparse: a whole number from `least` to `most`."""
    def whole(text):
        """Return the number that a text holds."""
        if int(text) < least:
            raise argparse.ArgumentTypeError(
                '{} is less than {}'.format(text, least))
        if int(text) > most:
            raise argparse.ArgumentTypeError(
                '{} is more than {}'.format(text, most))
        return int(text)
    whole.__name__ = 'whole number'
    return whole


def place(text):
    """Return a folder named on the command line, if results can go there."""
    if not text or os.path.lexists(text) and not os.path.isdir(text):
        raise argparse.ArgumentTypeError(
            '{!r} is not a folder, expected one or a new name'.format(text))
    for path in (os.path.join(text, name) for name in TABLES):
        if os.path.lexists(path):
            raise argparse.ArgumentTypeError(
                '{!r} exists already: remove it or name another folder'.format(
                    path))
    return text


def arguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description='Run layers over more images than fit in memory.')
    parser.add_argument('--examples', type=number(1), default=200000,
                        help='how many images (%(default)s)')
    most = resource.getrlimit(resource.RLIMIT_DATA)[1]
    parser.add_argument('--limit', default=512, type=number(256, (
        2 ** 63 - 1 if most == resource.RLIM_INFINITY else most) // MIB),
                        help='the memory of each process, in MiB '
                             '(%(default)s)')
    parser.add_argument('--workers', type=number(1),
                        help='compute in this many processes, not in threads')
    parser.add_argument('--folder', type=place, help='where to write '
                        'images.zarr and features.zarr (a temporary folder, '
                        'removed at the end)')
    return parser.parse_args()


def main():
    """Run the program; keep the results if the command line says where."""
    args = arguments()
    try:
        with workplace(args.folder) as folder:
            free = shutil.disk_usage(folder).free
            if args.examples * EXAMPLE > free:
                sys.exit('--examples {}: needs up to {} MiB, but only {} MiB '
                         'are free in {}'.format(
                             args.examples, args.examples * EXAMPLE // MIB,
                             free // MIB, os.path.dirname(folder)))
            ended = watch(args, folder)
            if args.folder and ended == 0:
                for name in TABLES:
                    os.rename(os.path.join(folder, name),
                              os.path.join(args.folder, name))
    except OSError as error:
        ended = unwritten(args.folder, error)
    sys.exit(ended)


if __name__ == "__main__":
    main()
