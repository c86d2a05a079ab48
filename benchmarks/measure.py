#!/usr/bin/env python3
"""Measure the four functions and their peers, on one core or on all.

    benchmarks/measure.py {one,all} FILE [--quick]

This is a program of its own because a library's number of threads is fixed
when it starts. All get the same arrays in the same run and take turns, in
rounds that are minutes apart. The best call counts. Before its turn, each
rests and makes one call that is not timed, because the threads of the one
before may still be waiting for work on the same processors. The nested loops,
which take minutes, compute only one example. A peer is given what ours is
given: if ours must first find the maxima, so must the peer, and the results
must agree. PyTorch's arrays have its default layout, channels before rows.
"""
import argparse
import json
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
THREADS = ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS',
           'NUMEXPR_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS',
           'TF_NUM_INTEROP_THREADS']
if __name__ == '__main__' and sys.argv[1:2] == ['one']:
    for name in THREADS:
        os.environ[name] = '1'
    if hasattr(os, 'sched_setaffinity'):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tensorflow.keras as K  # noqa: E402
from tqdm import tqdm  # noqa: E402

sys.path[:0] = [HERE, os.path.join(ROOT, 'examples')]
against = __import__('against')
peers = __import__('peers')
scratch = __import__('lenet5_from_scratch')
lenet5 = __import__('5-lenet5').lenet5

SMALL = 32      # the batch that networks are trained on
LONG = 1        # a call of more seconds gets one turn a round
SHORT = .01     # a turn takes this many seconds, or one call
WIDTHS = [28, 29, 31, 57, 101, 127, 128, 256, 257, 509, 512, 997, 1000]


def best_of(calls, turns, rest=.05):
    """Return the shortest time of each call, in seconds, taken in turns."""
    times = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            if times[name] and min(times[name]) > LONG:
                continue
            if rest:
                time.sleep(rest)
                call()
            end = time.perf_counter() + SHORT
            while True:
                start = time.perf_counter()
                call()
                stop = time.perf_counter()
                times[name].append(stop - start)
                if stop > end:
                    break
    return {name: min(taken) for name, taken in times.items()}


def measured(name, shape, how, dtype, turns, with_loops):
    """Return a row of results for each direction of a layer."""
    m = shape[0]
    if isinstance(how[1], str):
        kind, calls = 'conv', peers.conv_calls(shape, *how, dtype)
        floor, times_whole = peers.conv_product(shape, *how, dtype)
    else:
        kind, calls = 'pool', peers.pool_calls(shape, *how, dtype)
        name = '{}, {}'.format(name, how[2])
        floor, times_whole = peers.copy_of_input(shape, dtype), 1
    rows = []
    for direction in 'forward', 'backward':
        loops = calls[direction].pop('loops')
        peers.check_agreement(calls[direction])
        calls[direction]['floor'] = floor
        times = best_of(calls[direction], turns)
        times['floor'] *= times_whole
        if with_loops:
            times['loops'] = best_of({'': loops}, 1, rest=0)[''] * m
        rows.append({'dtype': dtype, 'kind': kind, 'layer': name,
                     'direction': direction, 'examples': m, 'seconds': times})
    return rows


def measured_all(rounds, turns, scale, with_loops):
    """Time every layer in both precisions and both sizes of a batch."""
    layers = [layer + how for layer, hows in (
        (against.CONVOLUTIONS, [()]), (against.POOLINGS, [('max',), ('avg',)]))
        for layer in layer for how in hows]
    todo = [(dtype, m, layer) for dtype in ('float64', 'float32')
            for m in (None, SMALL) for layer in layers]
    rows = {}
    for n in range(rounds):
        for dtype, m, (most, name, shape, *how) in tqdm(
                todo, 'layers, round {} of {}'.format(n + 1, rounds),
                disable=None, leave=False):
            m = m or max(1, most // scale)
            for row in measured(name, (m,) + shape, how, dtype, turns,
                                with_loops and n == 0):
                key = dtype, m, row['layer'], row['direction']
                known = rows.setdefault(key, row)
                for peer, taken in row['seconds'].items():
                    known['seconds'][peer] = min(
                        known['seconds'].get(peer, taken), taken)
    return list(rows.values())


def growth(turns, most):
    """Return how the time grows with the batch and with the width.

    Two lists of rows: the size, and the time of each function, in seconds per
    image or per million pixels.
    """
    counts = [m for m in (32, 100, 1000, 10000, 50000) if m <= most]
    found = {'examples': [], 'width': []}
    for m in counts:
        found['examples'].append([m, {
            name: taken / m for name, taken in growing(m, 28, turns).items()}])
    for w in WIDTHS:
        m = max(1, most // w)
        found['width'].append([w, {
            name: taken * 1e6 / (m * 28 * w)
            for name, taken in growing(m, w, turns).items()}])
    return found


def growing(m, w, turns):
    """Return the time of each function, for 28 rows of w pixels, float32."""
    layers = [((m, 28, w, 1), ((3, 3, 1, 2), 'valid')),
              ((m, 28, w, 2), ((2, 2), (2, 2), 'max'))]
    functions = against.load(None)
    calls = {kind + direction: call for kind, (shape, how) in zip(
        ('conv_', 'pool_'), layers) for direction, call in zip(
        ('forward', 'backward'), against.calls(
            shape, how, 'float32', functions))}
    return best_of(calls, turns, rest=.01)


def memory():
    """Return the bytes that each function needs beyond its arrays."""
    return {name: int(subprocess.check_output(
        [sys.executable, os.path.join(HERE, 'memory.py'), name]))
        for name in ('conv_forward', 'conv_backward', 'pool_forward',
                     'pool_backward')}


def refusals():
    """Return the seconds until each function refuses a wrong call.

    The wrong argument is the last one that is checked. So this is the most
    time that the checks can take, plus that of raising the error.
    """
    A, W, b = np.ones((2, 9, 9, 3)), np.ones((3, 3, 3, 4)), np.ones(
        (1, 1, 1, 4))
    wrong = {'conv_forward': lambda: peers.conv_forward(A, W, b, None),
             'conv_backward': lambda: peers.conv_backward(
                 np.ones((2, 10, 9, 4)), A, W, b),
             'pool_forward': lambda: peers.pool_forward(
                 A, (2, 2), (2, 2), 'mean'),
             'pool_backward': lambda: peers.pool_backward(
                 np.ones((2, 5, 4, 3)), A, (2, 2), (2, 2))}

    def refuse(call):
        """Make a call and expect it to fail."""
        try:
            call()
        except (TypeError, ValueError):
            return
        raise AssertionError('not refused')

    return {name: best_of({'': lambda: [refuse(call) for _ in range(1000)]},
                          5)[''] / 1e3 for name, call in wrong.items()}


def epochs(turns, examples):
    """Return the seconds of an epoch, from scratch and in Keras."""
    lib = scratch.surroundings.load_mnist()
    X, Y = lib['X_train'][:examples, ..., None], lib['Y_train'][:examples]
    Y_oh = K.utils.to_categorical(Y, 10)
    adam = scratch.Adam(scratch.initialize(np.random.RandomState(0)))
    model = lenet5(K.Input(shape=(28, 28, 1)))
    model.fit(X[:64], Y_oh[:64], verbose=0)  # builds its graph
    return best_of({
        'ours': lambda: scratch.train_epoch(
            adam, X, Y, np.random.permutation(len(X))),
        'keras': lambda: model.fit(X, Y_oh, batch_size=32, verbose=0)},
        turns, rest=0)


def processor():
    """Return the processor's name and the widest instruction set it has."""
    try:
        with open('/proc/cpuinfo') as file:
            found = dict(reversed(list(
                map(str.strip, line.split(':', 1)) for line in file
                if ':' in line)))
    except OSError:
        return platform.processor() or platform.machine(), 'unknown'
    flags = found.get('flags', found.get('Features', '')).split()
    return found.get('model name', platform.machine()), next(
        (name for flag, name in (
            ('avx512f', 'AVX-512'), ('avx2', 'AVX2'), ('avx', 'AVX'),
            ('asimd', 'NEON')) if flag in flags), 'unknown')


def main():
    """Measure, and write the numbers to a file."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('cores', choices=['one', 'all'])
    parser.add_argument('file')
    parser.add_argument('--quick', action='store_true')
    args = parser.parse_args()
    alone = args.cores == 'one'
    if alone:
        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        if peers.torch:
            peers.torch.set_num_threads(1)
    rounds, turns, scale = (1, 2, 10) if args.quick else (2, 2, 1)
    name, instructions = processor()
    results = {
        'processor': name, 'instructions': instructions, 'quick': args.quick,
        'cores': 1 if alone else os.cpu_count(),
        'versions': peers.versions(),
        'layers': measured_all(rounds, turns, scale, alone),
        'epoch': epochs(1 if args.quick else 2, 50000 // scale)}
    if alone:
        results.update({
            'growth': growth(2 * turns, 50000 // scale),
            'bytes beyond': memory(), 'refusals': refusals()})
    with open(args.file, 'w') as file:
        json.dump(results, file, indent=1)
        file.write('\n')


if __name__ == '__main__':
    main()
