#!/usr/bin/env python3
"""Measure what limits the training of LeNet-5 on several workers.

    benchmarks/scaling.py

The idea: with N workers, a step takes the time that one worker needs for 1/N
of the batch, plus the time of the all-reduce, which adds up the gradients of
all workers. Both are measured here, in 1, 2 and 4 processes on this machine.
These share its processors. So with more workers than processors, the time of a
step does not tell how long N machines would take for N times the batch.
"""
import json
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(os.path.dirname(HERE), 'examples')]
distributed = __import__('distributed')
import numpy as np  # noqa: E402

WORKERS = 1, 2, 4
BATCHES = 32, 128, 512, 2048, 8192
SIZES = 61706, 10 ** 6, 10 ** 7     # of a gradient; the first is LeNet-5's


def measure(args, strategy, chief):
    """Print the median times, in milliseconds, as one line of JSON."""
    import tensorflow as tf
    import tensorflow.keras as K
    lenet5 = __import__('5-lenet5').lenet5
    lib = distributed.load_mnist('train')

    def median(call, times):
        """Return the median time of a call, in milliseconds."""
        taken = []
        for _ in range(times):
            begin = time.perf_counter()
            call()
            taken.append((time.perf_counter() - begin) * 1e3)
        return float(np.median(taken[2:]))

    found = {'all-reduce': {}, 'step': {}}
    for size in SIZES:
        gradient = tf.ones(size)
        add_up = tf.function(lambda: strategy.run(
            lambda: tf.distribute.get_replica_context().all_reduce(
                tf.distribute.ReduceOp.SUM, gradient)))
        found['all-reduce'][size] = median(add_up, 30)
    for size in BATCHES:
        with strategy.scope():
            model = lenet5(K.Input(shape=(28, 28, 1)))
        data = distributed.batches(lib['X_train'][:size],
                                   lib['Y_train'][:size], size).repeat()
        ends = []
        model.fit(data, steps_per_epoch=20, verbose=0, callbacks=[
            K.callbacks.LambdaCallback(on_train_batch_end=lambda *_:
                                       ends.append(time.perf_counter()))])
        found['step'][size] = float(np.median(np.diff(ends)[2:]) * 1e3)
    if chief:
        print(json.dumps(found))


def main():
    """Measure each number of workers; print tables and save the numbers."""
    if len(sys.argv) > 1:   # one of the processes started below
        return distributed.main(measure)
    found = {n: json.loads(subprocess.check_output(
        [sys.executable, os.path.abspath(__file__), '--workers', str(n)]
        ).decode()) for n in WORKERS}
    for name, what in (('step', 'batch of {:>10} images'),
                       ('all-reduce', 'gradient of {:>8} numbers')):
        print('milliseconds of {:<22}{}'.format(name, ''.join(
            '{:>4} worker{}'.format(n, 's' * (n > 1)) for n in WORKERS)))
        for size in found[1][name]:
            print('  {:<36}{}'.format(what.format(size), ''.join(
                '{:11.2f}'.format(found[n][name][size]) for n in WORKERS)))
    version = '.'.join(platform.python_version_tuple()[:2])
    with open(os.path.join(HERE, 'scaling-{}.json'.format(version)),
              'w') as file:
        json.dump(found, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
