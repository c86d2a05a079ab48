#!/usr/bin/env python3
"""Measure the four functions and their peers, on one core or on all.

    benchmarks/measure.py {one,all} [--quick]

This is a program of its own because a library's number of threads is fixed
when it starts. All get the same arrays in the same run and take turns, in
rounds that are minutes apart; `against.best_of` says how. The best call
counts. The results must agree. The nested loops, which take minutes, compute
only one example.
"""
import argparse
import json
import os
import platform
import re
import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)    # bench.py says a word
if __name__ == '__main__' and sys.argv[1:2] == ['one']:
    for variable in ('OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS',
                     'MKL_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS',
                     'TF_NUM_INTEROP_THREADS'):
        os.environ[variable] = '1'
    if hasattr(os, 'sched_setaffinity'):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
from tqdm import tqdm  # noqa: E402

import against  # noqa: E402
import peers  # noqa: E402
import lenet5_from_scratch as scratch  # noqa: E402
import tensorflow.keras as K  # noqa: E402
lenet5 = __import__('5-lenet5').lenet5
np = scratch.np


def measured(rounds, turns, scale, with_loops):
    """Time every layer in both precisions and both sizes of a batch."""
    todo = [(dtype, m, layer) for dtype in ('float64', 'float32')
            for m in (None, 32) for layer in against.layers()]
    rows = {}
    for n in range(rounds):
        for dtype, m, (most, name, shape, how) in tqdm(
                todo, f'layers, round {n + 1} of {rounds}',
                disable=None, leave=False):
            m, kind = m or max(1, most // scale), against.kind(how)
            for direction, calls in peers.calls(
                    (m,) + shape, how, dtype).items():
                loops = calls.pop('loops')
                peers.check_agreement(calls)
                times = against.best_of(calls, turns)
                if with_loops and n == 0:
                    times['loops'] = m * against.best_of(
                        {'': loops}, 1, rest=0)['']
                row = rows.setdefault((dtype, m, name, direction), {
                    'dtype': dtype, 'examples': m, 'kind': kind,
                    'layer': name, 'direction': direction})
                row.update({peer: min(taken, row.get(peer, taken))
                            for peer, taken in times.items()})
    return list(rows.values())


def epoch(turns, examples):
    """Return a row for an epoch of LeNet-5, from scratch and in Keras."""
    lib = scratch.surroundings.load_mnist('train')
    X, Y = lib['X_train'][:examples, ..., None], lib['Y_train'][:examples]
    Y_oh = K.utils.to_categorical(Y, 10)
    adam = scratch.Adam(scratch.initialize(np.random.RandomState(0)))
    model = lenet5(K.Input(shape=(28, 28, 1)))
    model.fit(X[:64], Y_oh[:64], verbose=0)  # builds its graph
    return dict({'dtype': 'float32', 'examples': len(X), 'kind': 'network',
                 'layer': 'LeNet-5, batches of 32', 'direction': 'epoch'},
                **against.best_of({
                    'ours': lambda: scratch.train_epoch(
                        adam, X, Y, np.random.permutation(len(X))),
                    'tensorflow': lambda: model.fit(
                        X, Y_oh, batch_size=32, verbose=0)}, turns, rest=0))


def processor():
    """Return the processor's name and the widest instruction set it has."""
    with open('/proc/cpuinfo') as file:
        text = file.read()
    name = re.search('model name.*: (.*)', text)
    return name.group(1) if name else platform.machine(), next(
        (name for flag, name in (
            ('avx512f', 'AVX-512'), ('avx2', 'AVX2'), ('asimd', 'NEON'))
         if re.search(rf'\b{flag}\b', text)), 'unknown')


def main():
    """Measure, and write the numbers to a file."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('cores', choices=['one', 'all'])
    parser.add_argument('--quick', action='store_true')
    args = parser.parse_args()
    alone = args.cores == 'one'
    if alone:
        peers.one_thread()
    rounds, turns, scale = (1, 2, 10) if args.quick else (2, 2, 1)
    name, instructions = processor()
    json.dump({
        'processor': name, 'instructions': instructions,
        'cores': os.cpu_count(), 'versions': peers.versions(),
        'rows': [dict({'cores': args.cores}, **row) for row in
                 measured(rounds, turns, scale, alone) +
                 [epoch(rounds, 50000 // scale)]]}, sys.stdout)


if __name__ == '__main__':
    main()
