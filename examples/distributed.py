#!/usr/bin/env python3
"""Train the Keras LeNet-5 on several GPUs, processes or machines.

    examples/distributed.py                  1 process, with all GPUs it sees
    examples/distributed.py --workers 2      2 processes on this machine
    TF_CONFIG=... examples/distributed.py    one worker of a cluster: start the
                                            same on each of its machines

The idea: all workers hold the same weights. Each computes the gradient of its
share of the batch. The sum over all workers, the "all-reduce", is the gradient
of the whole batch. So all take the same step, the one that a single worker
would take. (If a batch cannot be divided evenly, this is only nearly so.)
TF_CONFIG is TensorFlow's own way of telling a worker who the others are:

    {"cluster": {"worker": ["10.0.0.1:2222", "10.0.0.2:2222"]},
     "task": {"type": "worker", "index": 0}}

The first worker, the chief, prints and saves. The others only work.
"""
import argparse
import itertools
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading

# Keras 3 cannot train on several workers; tf-keras, Keras 2's last line, can
os.environ['TF_USE_LEGACY_KERAS'] = '1'
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '3'
import numpy as np  # noqa: E402
ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [ROOT, os.path.join(ROOT, 'mains')]
import surroundings  # noqa: E402
# TensorFlow takes seconds to import, so only those that need it do that

FINISHED = '.'      # what a worker tells the process that started it


def members():
    """Return how many workers TF_CONFIG names, or exit if it is wrong."""
    text = os.environ.get('TF_CONFIG', '{}')
    try:
        config = json.loads(text)
        jobs = config.get('cluster', {})
        if config:      # its task must be one of the list
            task = config['task']
            range(len(jobs[task['type']])).index(int(task['index']))
        return sum(map(len, jobs.values()))
    except (ValueError, KeyError, TypeError, AttributeError):
        sys.exit(f'TF_CONFIG is {text!r:.200}, expected a cluster and a task, '
                 'as the first lines of this program show')


def arguments():
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--checkpoint', metavar='DIR', help='where to save '
                        'each epoch, so that the same command continues after '
                        'a failure, and the weights at the end')
    parser.add_argument('--child', action='store_true', help=argparse.SUPPRESS)
    for name, default, text in (
            ('--workers', 1, 'train in N processes on this machine'),
            ('--epochs', 5, 'how many epochs to train'),
            ('--batch-size', 32, 'the examples of a step, over all workers'),
            ('--examples', 50000, 'how many training images to use')):
        parser.add_argument(name, type=int, default=default, metavar='N',
                            help=text + ' (%(default)s)')
    args = parser.parse_args()
    shares = members() or args.workers
    for name, least in (('workers', 1), ('epochs', 1), ('batch_size', shares),
                        ('examples', shares)):
        if not least <= vars(args)[name] <= 50000:
            parser.error(f"--{name.replace('_', '-')}: {vars(args)[name]} is "
                         f'not from {least} to 50000')
    last = args.examples % args.batch_size or args.batch_size
    if last < shares:
        parser.error(f'--examples: {args.examples} leave {last} for the last '
                     f'batch, expected {shares} or more')
    if args.checkpoint is not None and not args.child:
        try:
            os.makedirs(os.path.join(args.checkpoint, 'unfinished'),
                        exist_ok=True)
            if os.listdir(args.checkpoint) != ['unfinished']:
                raise OSError(f'{args.checkpoint!r} holds weights, or files of'
                              ' others: name another')
        except OSError as error:
            parser.error(f'--checkpoint: {error}')
    return args


def batches(X, Y, batch_size, epochs):
    """Return a dataset of batches; each worker takes its share of each.

    The order of the examples follows from the number of the epoch. So all
    workers agree on it, and a job that goes on does so in the same order.
    """
    import tensorflow as tf
    images, one_hot = tf.constant(X[..., None]), tf.one_hot(Y, 10)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA)
    data = tf.data.Dataset.range(1).flat_map(
        lambda _: tf.data.Dataset.from_tensor_slices(tf.ensure_shape(
            tf.numpy_function(lambda: np.random.RandomState(
                next(epochs)).permutation(len(X)), [], tf.int64), [len(X)])))
    data = data.batch(batch_size).map(
        lambda i: (tf.gather(images, i), tf.gather(one_hot, i)))
    return data.apply(tf.data.experimental.assert_cardinality(
        -(-len(X) // batch_size))).with_options(options)


def checkpoints(folder, model, steps):
    """Return a manager of checkpoints, and how many epochs are finished."""
    import tensorflow as tf
    try:
        manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(model=model), folder, max_to_keep=1)
        saved = manager.checkpoint.save_counter     # one for each epoch
        if os.path.exists(os.path.join(folder, 'checkpoint')):
            manager.checkpoint.restore(
                manager.latest_checkpoint).assert_existing_objects_matched()
        if model.optimizer.iterations.numpy() != steps * saved.numpy():
            raise ValueError(f'its epochs do not have {steps} steps')
        return manager, int(saved.numpy())
    except Exception as error:      # garbage can raise nearly anything
        raise RuntimeError(f'{folder} holds no checkpoint to go on from '
                           f'({str(error):.200}): remove it') from None


def train(args, strategy, chief):
    """Train the model of 5-lenet5.py; the chief prints and saves."""
    import tensorflow as tf
    import tensorflow.keras as K
    random.seed(0)
    tf.random.set_seed(0)
    lib = surroundings.load_mnist('train', 'valid')
    finished, callbacks = 0, []
    with strategy.scope():
        model = __import__('5-lenet5').lenet5(K.Input(shape=(28, 28, 1)))
        model.optimizer.iterations      # creates it, so that it is restored
    if args.checkpoint:
        unfinished = os.path.join(args.checkpoint, 'unfinished')
        manager, finished = checkpoints(
            unfinished, model, -(-args.examples // args.batch_size))
        callbacks = [K.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: manager.save())] * chief
    model.fit(batches(lib['X_train'][:args.examples],
                      lib['Y_train'][:args.examples], args.batch_size,
                      itertools.count(finished)),
              validation_data=batches(lib['X_valid'], lib['Y_valid'], 1000,
                                      itertools.count()),
              initial_epoch=finished, epochs=args.epochs, callbacks=callbacks,
              # a bar while a person is watching, else a line per epoch
              verbose=0 if not chief else 1 if sys.stdout.isatty() else 2)
    if args.checkpoint and chief:   # the weights are whole, or not there
        partial = os.path.join(unfinished, 'lenet5.h5')
        model.save_weights(partial)
        os.replace(partial, os.path.join(args.checkpoint, 'lenet5.h5'))
        shutil.rmtree(unfinished)


def work(args, job):
    """Run as one worker; say in one line what fails."""
    import tensorflow as tf
    signal.signal(signal.SIGINT, signal.SIG_DFL)    # not only between steps
    # a broken connection is an error to report, not the end of the program
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    if args.child:      # its input ends when its parent does, or is done
        waiting = threading.Thread(
            target=lambda: os.read(0, 1) or os._exit(1), daemon=True)
        waiting.start()
    tf.get_logger().setLevel('CRITICAL')
    try:
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
        # the worker that TensorFlow allows to save also prints
        job(args, strategy, strategy.extended.should_checkpoint)
        line = FINISHED
    except (tf.errors.UnavailableError, tf.errors.AbortedError,
            tf.errors.DeadlineExceededError):
        line = 'Another worker was lost. Start the job again.'
    except (tf.errors.OpError, OSError, RuntimeError, ValueError) as error:
        # without the names of a graph's nodes
        line = ' '.join(re.sub('{{.*?}}', '', str(error)).split())[:500]
    if args.child:      # TensorFlow 2.6 may crash unless all end together
        os.write(0, line.encode())
        waiting.join()
    if line != FINISHED:
        print(line, file=sys.stderr, flush=True)
    os._exit(line != FINISHED)  # its threads, too, may crash at the end


def start(command, n):
    """Start n workers, each with a socket as its input; return both."""
    listeners = [socket.create_server(('127.0.0.1', 0))     # any free port
                 for _ in range(n)]
    cluster = {'worker': [f'127.0.0.1:{listener.getsockname()[1]}'
                          for listener in listeners]}
    workers = {}
    for i, listener in enumerate(listeners):
        listener.close()
        ours, theirs = socket.socketpair()
        with theirs:
            # in its own session, so that Ctrl-C reaches only the parent
            workers[ours] = i, subprocess.Popen(
                command, stdin=theirs, start_new_session=True, env=dict(
                    os.environ, TF_CONFIG=json.dumps({
                        'cluster': cluster,
                        'task': {'type': 'worker', 'index': i}})))
    return workers


def wait(workers):
    """Wait until all workers have finished, or return what went wrong."""
    running = set(workers)
    while running:
        # first those that are gone: others may complain of just that
        for channel in sorted(select.select(running, [], [])[0], key=lambda
                              channel: workers[channel][1].poll() is None):
            i, process = workers[channel]
            said = channel.recv(4096).decode()
            if said != FINISHED:
                return said or (f'Worker {i} was lost ({process.wait()}). '
                                'Start the job again.')
            running.remove(channel)


def main(job=train):
    """Run as a worker, or start the workers and wait for them."""
    surroundings.prepare()
    args = arguments()
    if members():
        work(args, job)
    surroundings.load_mnist('train', 'valid')   # only one process complains
    workers = start([sys.executable, os.path.abspath(sys.argv[0]), '--child'] +
                    sys.argv[1:], args.workers)
    complaint = wait(workers)
    for _, process in workers.values():
        process.kill()
        process.wait()
    sys.exit(complaint)


if __name__ == '__main__':
    main()
