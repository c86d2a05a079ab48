#!/usr/bin/env python3
"""Train the Keras LeNet-5 on several devices, processes or machines.

    examples/distributed.py --workers 2      2 processes on this machine
    examples/distributed.py --devices 2      2 GPUs, or 2 parts of a processor
    TF_CONFIG=... examples/distributed.py    one worker of a cluster: start the
                                            same on each of its machines

The idea: all workers hold the same weights. Each worker computes the gradient
of its share of the batch. The sum of the gradients over all workers, the
"all-reduce", is the gradient of the whole batch. So all workers take the same
step, the one that a single worker would take. (If a batch cannot be divided
evenly, this is only nearly so, because TensorFlow gives all shares the same
weight.)

TF_CONFIG is TensorFlow's own way of telling a worker who the others are:

    {"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]},
     "task": {"type": "worker", "index": 0}}

The first worker, the chief, prints and saves; the others only work. If there
is a "chief" besides the "worker"s, it counts as the first.
"""
import argparse
import contextlib
import itertools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading

ENDINGS = {signal.SIGINT: 'Interrupted.', signal.SIGTERM: 'Terminated.',
           signal.SIGHUP: 'Terminated.'}


def hold():
    """Let the signals that end this program wait until it asks for them.

    Ignored signals, as after `nohup`, stay ignored.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, [
        signum for signum in ENDINGS
        if signal.getsignal(signum) != signal.SIG_IGN])


if __name__ == '__main__':
    hold()      # before the imports, which take a while

# Keras 3 cannot train on several workers; tf-keras, Keras 2's last line, can
os.environ['TF_USE_LEGACY_KERAS'] = '1'
# when a worker is lost, one line of ours says so
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
import numpy as np  # noqa: E402
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'mains')]
surroundings = __import__('surroundings')
load_mnist = surroundings.load_mnist

LOST_ANOTHER = 3    # the exit code of a worker that has lost another one
# where Keras stores the last finished epoch in a checkpoint
EPOCH = 'ckpt_saved_epoch/.ATTRIBUTES/VARIABLE_VALUE'


class Unusable(Exception):
    """What this run was given and cannot use, and why."""


def positive(text):
    """Return a positive integer from the command line."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(
            '{!r} is not a positive integer'.format(text))
    return int(text)


def folder(text):
    """Return a folder from the command line, if checkpoints can go there.

    At the end of a run, `unfinished/chief` is removed with all its files.
    """
    unfinished = os.path.join(text, 'unfinished')
    chief = os.path.join(unfinished, 'chief')
    weights = os.path.join(text, 'lenet5.h5')
    for path in text, unfinished, chief:
        if not path or os.path.lexists(path) and not os.path.isdir(path):
            raise argparse.ArgumentTypeError(
                '{!r} is not a folder, expected one or a new name'.format(
                    path))
    if os.path.lexists(weights) and not os.path.isfile(weights):
        raise argparse.ArgumentTypeError(
            '{!r} is not a file, expected one or none'.format(weights))
    try:
        names = os.listdir(chief) if os.path.exists(chief) else []
    except OSError as error:
        raise argparse.ArgumentTypeError('{!r} cannot be read: {}'.format(
            chief, error.strerror))
    for name in names:
        if not name.startswith(('checkpoint', 'ckpt-')):
            raise argparse.ArgumentTypeError(
                '{!r} is not part of a checkpoint: remove it or name another '
                'folder'.format(os.path.join(chief, name)))
    return text


def members():
    """Return how many workers TF_CONFIG names, or exit saying what is wrong.

    TensorFlow accepts the index as a number or as a string. It also knows
    evaluators and parameter servers, but this program has neither.
    """
    text = os.environ.get('TF_CONFIG', '{}')
    try:
        config = json.loads(text)
        cluster = config.get('cluster', {})
        if cluster or 'task' in config:
            kind, index = config['task']['type'], int(config['task']['index'])
        if cluster and not (set(cluster) <= {'chief', 'worker'} and
                            len(cluster.get('chief', [])) < 2 and
                            0 <= index < len(cluster[kind])):
            raise ValueError
        return sum(map(len, cluster.values()))
    except (ValueError, KeyError, TypeError, AttributeError):
        sys.exit('TF_CONFIG is {!r:.200}, expected {{"cluster": {{"worker": '
                 '["host:port", ...]}}, "task": {{"type": "worker", "index": '
                 '0}}}}, and no types but worker and chief'.format(text))


def arguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(
        description='Train LeNet-5 with tf.distribute.')
    where = parser.add_mutually_exclusive_group()
    where.add_argument('--workers', type=positive, default=1, metavar='N',
                       help='train in N processes on this machine, unless '
                       'TF_CONFIG names a cluster')
    where.add_argument('--devices', type=positive, metavar='N',
                       help='train in this process on N GPUs or, where there '
                       'are none, on N parts of the processor')
    parser.add_argument('--epochs', type=positive, default=5, metavar='N',
                        help='how many epochs to train (%(default)s)')
    parser.add_argument('--batch-size', type=positive, default=32,
                        metavar='N', help='the examples of one step, over '
                        'all workers (%(default)s)')
    parser.add_argument('--examples', type=positive, default=50000,
                        metavar='N', help='how many of the 50000 training '
                        'images to use (all)')
    parser.add_argument('--checkpoint', metavar='DIR', type=folder,
                        help='where to save each finished epoch, so that '
                        'the same command continues after a failure, and the '
                        'weights at the end')
    parser.add_argument('--parent', type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.examples > 50000:
        parser.error('argument --examples: {} is more than the 50000 training '
                     'images'.format(args.examples))
    shares = args.devices or members() or args.workers
    if args.batch_size < shares:
        parser.error('argument --batch-size: {} is too few to give each of {} '
                     'an example'.format(args.batch_size, shares))
    args.batch_size = min(args.batch_size, args.examples)
    last = args.examples % args.batch_size or args.batch_size
    if last < shares:
        parser.error('argument --examples: {} leave {} for the last batch, '
                     'too few to give each of {} one'.format(
                         args.examples, last, shares))
    if args.checkpoint:
        try:
            unfinished = os.path.join(args.checkpoint, 'unfinished')
            os.makedirs(unfinished, exist_ok=True)
            tempfile.TemporaryFile(dir=unfinished).close()
        except OSError as error:
            parser.error('argument --checkpoint: {!r} cannot be written to: {}'
                         .format(args.checkpoint, error.strerror))
    return args


def batches(X, Y, batch_size, epochs=None):
    """Return a dataset of batches; each worker takes its share of each.

    Parameters
    ----------
    X : numpy.ndarray, shape (m, 28, 28)
        The images.
    Y : numpy.ndarray of int, shape (m,)
        The digits.
    batch_size : int
        The examples of a batch, over all workers.
    epochs : iterator of int, optional
        Yields the number of each epoch when it begins. The order of the
        examples is derived from this number. So all workers agree on it, and
        their shares make up the batch; and a job that was interrupted
        continues in the order that it would have had. Without `epochs`, the
        order is that of X.

    Returns
    -------
    tf.data.Dataset of ((batch_size, 28, 28, 1), (batch_size, 10))
        The last batch holds the rest.
    """
    import tensorflow as tf

    def order():
        """Return the order of the examples in the epoch that is starting."""
        if epochs is None:
            return np.arange(len(X))
        return np.random.RandomState(next(epochs)).permutation(len(X))

    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA)
    images = tf.constant(X[..., None])
    one_hot = tf.one_hot(Y, 10)
    data = tf.data.Dataset.range(1).flat_map(
        lambda _: tf.data.Dataset.from_tensor_slices(tf.ensure_shape(
            tf.numpy_function(order, [], tf.int64), [len(X)])))
    data = data.batch(batch_size).map(
        lambda i: (tf.gather(images, i), tf.gather(one_hot, i)))
    return data.apply(tf.data.experimental.assert_cardinality(
        -(-len(X) // batch_size))).with_options(options)


def mirrored(n):
    """Return the strategy for n local devices, or exit with a message."""
    import tensorflow as tf
    found = tf.config.list_physical_devices('GPU')
    if found and len(found) < n:
        sys.exit('There are {} GPUs, fewer than --devices {}'.format(
            len(found), n))
    if not found:
        tf.config.set_logical_device_configuration(
            tf.config.list_physical_devices('CPU')[0],
            [tf.config.LogicalDeviceConfiguration()] * n)
    return tf.distribute.MirroredStrategy([
        '{}:{}'.format('GPU' if found else 'CPU', i) for i in range(n)])


def restore(folder, model, steps):
    """Restore a model from the last epoch that a run finished, if any.

    Parameters
    ----------
    folder : str
        Where that run stored it.
    model : K.Model
        The model to train.
    steps : int
        The steps of an epoch.

    Raises
    ------
    Unusable
        If the checkpoint is damaged, or if its model or the length of its
        epochs is another.
    """
    import tensorflow as tf
    if not os.path.exists(os.path.join(folder, 'checkpoint')):
        return
    model.optimizer.iterations      # creates it, so that it must be found
    try:
        reader = tf.train.load_checkpoint(folder)
        for name in reader.get_variable_to_shape_map():
            reader.get_tensor(name)     # checks its checksum
        epoch = reader.get_tensor(EPOCH)
        tf.train.Checkpoint(model=model).restore(tf.train.latest_checkpoint(
            folder)).assert_existing_objects_matched()
        if int(model.optimizer.iterations.numpy()) != steps * (epoch + 1):
            raise ValueError('its epochs do not have {} steps'.format(steps))
    except Exception as error:      # garbage can raise nearly anything
        if isinstance(error, AssertionError):   # lists all that is missing
            error = 'it is from another model or version of TensorFlow'
        raise Unusable('{} holds no checkpoint to go on from ({:.200}): '
                       'remove it or name another folder'.format(
                           folder, str(error))) from None


def train(args, strategy, chief):
    """Train the model of 5-lenet5.py and print its progress.

    Parameters
    ----------
    args : argparse.Namespace
        What `arguments` returned.
    strategy : tf.distribute.Strategy
        Says which devices or workers take part.
    chief : bool
        Whether this worker is the one that prints and saves.
    """
    import tensorflow as tf
    import tensorflow.keras as K
    lenet5 = __import__('5-lenet5').lenet5
    random.seed(0)
    np.random.seed(0)
    tf.random.set_seed(0)
    steps = -(-args.examples // args.batch_size)
    unfinished = os.path.join(args.checkpoint or '', 'unfinished')
    finished = []

    with strategy.scope():
        model = lenet5(K.Input(shape=(28, 28, 1)))
        if args.checkpoint:
            restore(os.path.join(unfinished, 'chief'), model, steps)
    lib = load_mnist('train', 'valid')

    def epochs():
        """Yield the numbers of the epochs that remain."""
        yield from itertools.count(finished[0])

    def save(logs):
        """Save the weights: the file is complete or does not exist."""
        partial = os.path.join(unfinished, 'lenet5.h5')
        try:
            model.save_weights(partial)
            os.replace(partial, os.path.join(args.checkpoint, 'lenet5.h5'))
        except (OSError, RuntimeError) as error:    # the latter are HDF5's
            raise Unusable(str(error)) from None

    callbacks = []
    if args.checkpoint and chief:   # before Keras removes the checkpoint
        callbacks.append(K.callbacks.LambdaCallback(on_train_end=save))
    if args.checkpoint:
        callbacks.append(K.callbacks.experimental.BackupAndRestore(unfinished))
    # after BackupAndRestore has set the number of steps taken
    callbacks.append(K.callbacks.LambdaCallback(
        on_train_begin=lambda logs: finished.append(
            int(model.optimizer.iterations.numpy()) // steps)))
    model.fit(batches(lib['X_train'][:args.examples],
                      lib['Y_train'][:args.examples], args.batch_size,
                      epochs()),
              validation_data=batches(lib['X_valid'], lib['Y_valid'], 1000),
              epochs=args.epochs, callbacks=callbacks,
              # a bar while a person is watching, else a line per epoch
              verbose=0 if not chief else 1 if sys.stdout.isatty() else 2)
    if args.checkpoint:
        with contextlib.suppress(OSError):      # another worker is still there
            os.rmdir(unfinished)
    if args.checkpoint and chief:
        print('The weights are in {}'.format(
            os.path.join(args.checkpoint, 'lenet5.h5')))


def last_words(signum):
    """Return the last message of a program that a signal ends."""
    # the current line may hold a progress bar
    return '\n' * os.isatty(2) + ENDINGS[signum]


def end_with(parent):
    """End this process at Ctrl-C, or when its parent is gone or has finished.

    This runs in its own thread, because TensorFlow may be waiting for another
    worker at that time and would not notice.
    """
    if parent:
        parent.recv(1)
    else:
        print(last_words(signal.sigwait(ENDINGS)), file=sys.stderr)
    os._exit(1)


def clustered():
    """Return the strategy for the cluster that this worker belongs to."""
    import tensorflow as tf
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except (ValueError, TypeError, tf.errors.InvalidArgumentError,
            tf.errors.UnknownError) as error:
        raise Unusable('TF_CONFIG is {!r:.200}: {}'.format(
            os.environ['TF_CONFIG'], error)) from None


def work(args, job):
    """Run as one worker, or on all devices, until the job is done."""
    parent = args.parent and socket.socket(fileno=args.parent)
    listener = threading.Thread(target=end_with, args=[parent], daemon=True)
    listener.start()
    # a broken connection is an error to report, not the end of the program
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    import tensorflow as tf
    tf.get_logger().setLevel('CRITICAL')
    try:
        strategy = mirrored(args.devices) if args.devices else clustered()
        # the worker that TensorFlow allows to save also prints
        job(args, strategy, strategy.extended.should_checkpoint)
        sys.stdout.flush()
    except (tf.errors.UnavailableError, tf.errors.AbortedError,
            tf.errors.DeadlineExceededError) as error:
        if not parent:
            print('Another worker was lost ({}). Start the job again on all '
                  'machines.'.format(type(error).__name__), file=sys.stderr)
        os._exit(LOST_ANOTHER if parent else 1)
    except BrokenPipeError:
        os._exit(1)     # nobody reads the output any more
    except (tf.errors.OpError, OSError, Unusable) as error:
        # on one line, without the names of a graph's nodes
        line = ' '.join(re.sub('{{.*?}}', '', str(error)).split())[:500]
        if parent:
            parent.send(line.encode())
        else:
            print(line, file=sys.stderr)
        os._exit(1)
    # TensorFlow 2.6 may crash if a worker ends while others still talk to it.
    # So all end together, when the parent knows that each has finished.
    if parent:
        parent.send(b'.')
        listener.join()
    # and it may crash while it takes its own threads down, on a busy machine
    os._exit(0)


def start(command, n):
    """Start n workers on this machine.

    Parameters
    ----------
    command : list of str
        What each worker runs. TF_CONFIG tells it which worker it is, and
        --parent which socket connects it with this process.
    n : int
        The number of workers.

    Returns
    -------
    list of (subprocess.Popen, socket.socket)
        The workers. Each sends a full stop when it has finished, or a line
        that says what went wrong. It ends when the socket is closed.
    """
    listeners = [socket.socket() for _ in range(n)]
    for listener in listeners:
        listener.bind(('127.0.0.1', 0))     # any free port
    addresses = ['127.0.0.1:{}'.format(listener.getsockname()[1])
                 for listener in listeners]
    for listener in listeners:
        listener.close()
    workers = []
    for i in range(n):
        ours, theirs = socket.socketpair()
        with theirs:
            workers.append((subprocess.Popen(
                command + ['--parent', str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                # in its own session, so that Ctrl-C reaches only the parent
                start_new_session=True, env=dict(
                    os.environ, TF_CONFIG=json.dumps(
                        {'cluster': {'worker': addresses},
                         'task': {'type': 'worker', 'index': i}}))), ours))
        ours.setblocking(False)
    return workers


def wait(workers):
    """Wait until all workers have finished or one fails, and end them all.

    Parameters
    ----------
    workers : list of (subprocess.Popen, socket.socket)
        What `start` returned.

    Returns
    -------
    str or None
        What went wrong; empty if a worker has said so itself.
    """
    finished, complaints = set(), {}
    try:
        while len(finished) < len(workers):
            ending = signal.sigtimedwait(ENDINGS, .1)
            if ending:
                return last_words(ending.si_signo)
            codes = {i: process.poll() for i, (process, _) in
                     enumerate(workers) if process.poll() is not None}
            for i, (_, channel) in enumerate(workers):
                try:
                    said = channel.recv(4096).decode()
                except (BlockingIOError, ConnectionResetError):
                    continue
                if said == '.':
                    finished.add(i)
                elif said:
                    complaints[i] = said
            # a worker that has lost another is not the lost one
            first = next((i for i in codes if codes[i] != LOST_ANOTHER), None)
            if first is not None and codes[first] < 0:
                return 'Worker {} was lost ({}). Start the job again.'.format(
                    first, signal.Signals(-codes[first]).name)
            if first is not None:
                return complaints.get(first, '')
            if len(codes) == len(workers):
                return 'The workers lost one another. Start the job again.'
    finally:
        for process, channel in workers:
            process.kill()
            process.wait()
            channel.close()


def main(job=train):
    """Run as a worker, or start the workers and wait for them."""
    hold()
    surroundings.prepare()
    args = arguments()
    if args.devices or members():
        return work(args, job)
    load_mnist()    # if the data is damaged, only one process says so
    try:
        workers = start([sys.executable, os.path.abspath(sys.argv[0])] +
                        sys.argv[1:], args.workers)
    except OSError as error:
        sys.exit('--workers {}: {}'.format(args.workers, error.strerror))
    lost = wait(workers)
    if lost is not None:
        sys.exit(lost or 1)


if __name__ == '__main__':
    main()
