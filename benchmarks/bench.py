#!/usr/bin/env python3
"""Time the four functions against TensorFlow, PyTorch and nested loops.

All get the same arrays in the same run and take turns, in rounds that are
minutes apart. The best turn counts, and the ratio is reported. Before its
turn, each rests and makes one call that is not timed, because the threads of
the one before may still be waiting for work on the same processors. The loops,
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

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
import tensorflow as tf  # noqa: E402
import tensorflow.keras as K  # noqa: E402
from tqdm import tqdm  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(ROOT, 'examples')]
against = __import__('against')
peers = __import__('peers')
scratch = __import__('lenet5_from_scratch')
lenet5 = __import__('5-lenet5').lenet5

# name, A_prev's shape, and W's shape and padding, or kernel_shape and stride
CONVOLUTIONS, POOLINGS = ([(name, (m,) + shape, *how)
                           for m, name, shape, *how in layers] for layers in (
    against.CONVOLUTIONS, against.POOLINGS))
LIBRARIES = 'tensorflow', 'pytorch'


def best_of(calls, turns, rest=.05):
    """Return the shortest time of each call, in seconds, taken in turns."""
    times = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            if rest:
                time.sleep(rest)
                call()
            start = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - start)
    return {name: min(taken) for name, taken in times.items()}


def compare(name, calls, examples, turns, product=None):
    """Time both directions of a layer; return a row of results for each."""
    rows = []
    for direction in 'forward', 'backward':
        loops = calls[direction].pop('loops')
        peers.check_agreement(calls[direction])
        times = best_of(calls[direction], turns)
        times['loops'] = best_of({'': loops}, 1, rest=0)[''] * examples
        if product:
            call, times_whole = product
            times['product'] = best_of({'': call}, turns)[''] * times_whole
        rows.append({'layer': name, 'direction': direction, 'seconds': times})
    return rows


def compare_all(rounds, turns, scale):
    """Time every layer in both precisions; return the rows."""
    rows = {}
    layers = [(dtype, layer) for dtype in ('float32', 'float64')
              for layer in CONVOLUTIONS + [
                  pooling + (mode,) for pooling in POOLINGS
                  for mode in ('max', 'avg')]]
    for dtype, (name, shape, *how) in tqdm(rounds * layers, 'layers',
                                           disable=None, leave=False):
        m = max(1, shape[0] // scale)
        shape = (m,) + shape[1:]
        if isinstance(how[1], str):
            calls, kind = peers.conv_calls(shape, *how, dtype), 'conv'
            product = peers.conv_product(shape, *how, dtype)
        else:
            calls, kind = peers.pool_calls(shape, *how, dtype), 'pool'
            name, product = '{}, {}'.format(name, how[2]), None
        for row in compare(name, calls, m, turns, product):
            row.update(dtype=dtype, kind=kind, examples=m)
            known = rows.setdefault((dtype, name, row['direction']), row)
            for peer, taken in row['seconds'].items():
                known['seconds'][peer] = min(known['seconds'][peer], taken)
    for row in rows.values():
        times = row['seconds']
        row['ratio'] = times['ours'] / min(
            times[library] for library in LIBRARIES if library in times)
    return list(rows.values())


def growth(turns, most):
    """Return the microseconds per image of each number of images."""
    shape, W, padding = CONVOLUTIONS[0][1:]
    return {m: best_of(
        {'': peers.conv_calls((m,) + shape[1:], W, padding, 'float32')
         ['forward']['ours']}, turns)[''] / m * 1e6
        for m in (100, 1000, 10000, 50000) if m <= most}


def memory():
    """Return the bytes that each function needs beyond its arrays."""
    return {name: int(subprocess.check_output(
        [sys.executable, os.path.join(HERE, 'memory.py'), name]))
        for name in ('conv_forward', 'conv_backward', 'pool_forward',
                     'pool_backward')}


def refusals():
    """Return the microseconds until each function refuses a wrong call.

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
                          5)[''] * 1e3 for name, call in wrong.items()}


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


def goals(results):
    """Return each claim: a text, the number found, and its upper bound."""
    rows = results['layers']

    def ratios(dtype):
        """Return the ratios to the faster library."""
        return [row['ratio'] for row in rows if row['dtype'] == dtype]

    first = next(row['ratio'] for row in rows if row['dtype'] == 'float32')
    loops = [row['seconds']['ours'] / row['seconds']['loops'] for row in rows]
    times = list(results['microseconds per image'].values())
    return [
        ('float64, ours / the faster library, geometric mean',
         against.geometric_mean(ratios('float64')), .8),
        ('float64, ours / the faster library, largest',
         max(ratios('float64')), 1.1),
        ('float32, ours / the faster library, geometric mean',
         against.geometric_mean(ratios('float32')), 1.6),
        ('float32, MNIST 3x3 forward, ours / the faster library', first, 1),
        ('a LeNet-5 epoch, ours / Keras', results['epoch']['ours'] /
         results['epoch']['keras'], 1),
        ('ours / nested loops, largest', max(loops), .01),
        ('MiB beyond input and output, largest',
         max(results['bytes beyond'].values()) / 2 ** 20, 64),
        ('time per image, slowest / fastest batch size',
         max(times) / min(times), 1.5),
        ('microseconds until a wrong call is refused, largest',
         max(results['microseconds to refuse'].values()), 20),
    ]


def report(results):
    """Print the tables."""
    libraries = [name for name in LIBRARIES
                 if name in results['layers'][0]['seconds']]
    print('ours / theirs (below 1: ours is faster); loops: theirs / ours')
    heads = ['faster'] + libraries + ['product', 'loops']
    line = '{:<7} {:<8} {:<4} {:<35}' + ' {:>10}' * (len(heads) + 1)
    print(line.format('', '', '', '', 'ours, ms', *heads))
    for row in results['layers']:
        times = row['seconds']
        found = ['{:.2f}'.format(times['ours'] / times[name])
                 if name in times else '' for name in libraries + ['product']]
        print(line.format(
            row['dtype'], row['direction'], row['kind'], row['layer'],
            '{:.2f}'.format(times['ours'] * 1e3),
            '{:.2f}'.format(row['ratio']), *found,
            '{:.0f}'.format(times['loops'] / times['ours'])))
    print('\nmicroseconds per image, MNIST 3x3 forward, float32')
    for m, taken in results['microseconds per image'].items():
        print('{:>7} images {:8.3f}'.format(m, taken))
    print('\nMiB beyond input and output, 20,000 images of 28x28, float32')
    for name, size in results['bytes beyond'].items():
        print('{:>14} {:6.1f}'.format(name, size / 2 ** 20))
    print('\nan epoch of LeNet-5, batch 32: {ours:.2f} s from scratch, '
          '{keras:.2f} s in Keras'.format(**results['epoch']))
    print('\nverdict')
    for claim, found, most in goals(results):
        print('{:<56} {:7.3f}  at most {:<5} {}'.format(
            claim, found, most, 'reached' if found <= most else 'MISSED'))


def draw(results, path):
    """Draw the ratio to the faster library for every layer."""
    rows = results['layers']
    names = list(dict.fromkeys(
        (row['layer'], row['direction']) for row in rows))
    places = {name: i for i, name in enumerate(reversed(names))}
    figure, axes = plt.subplots(figsize=(9, 8))
    for dtype, colour, shift in (('float32', '#0072b2', .2),
                                 ('float64', '#e69f00', -.2)):
        chosen = [row for row in rows if row['dtype'] == dtype]
        axes.barh([places[row['layer'], row['direction']] + shift
                   for row in chosen],
                  [row['ratio'] - 1 for row in chosen], .38, left=1,
                  color=colour, label='{}: geometric mean {:.2f}'.format(
                      dtype, against.geometric_mean(
                          [row['ratio'] for row in chosen])))
    axes.axvline(1, color='black', linewidth=1)
    axes.set_xscale('log')
    ticks = [.125, .25, .5, 1, 2, 4, 8]
    axes.set_xticks(ticks)
    axes.set_xticklabels(['1/8', '1/4', '1/2', '1', '2', '4', '8'])
    axes.minorticks_off()
    axes.set_yticks(list(places.values()))
    axes.set_yticklabels(['{} {}'.format(*name) for name in places],
                         fontsize=8)
    axes.set_ylim(-.6, len(names) - .4)
    axes.grid(axis='x', alpha=.3)
    theirs = ('the faster of TensorFlow and PyTorch'
              if results['versions']['pytorch'] else 'TensorFlow')
    axes.set_xlabel('time of ours / time of {} (left of 1: ours is faster)'
                    .format(theirs))
    axes.legend(loc='lower left', fontsize=8)
    figure.tight_layout()
    figure.savefig(path, dpi=100)


def main():
    """Measure and print; save the numbers of a full run."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true',
                        help='a tenth of the examples, in a minute')
    parser.add_argument('--against', metavar='COMMIT',
                        help='time the four functions against those of an '
                        'older commit, and nothing else')
    args = parser.parse_args()
    if args.against:
        return against.compare(args.against)
    quick = args.quick
    rounds, turns, scale = (1, 3, 10) if quick else (3, 4, 1)
    results = {
        'versions': {
            'python': platform.python_version(), 'numpy': np.__version__,
            'tensorflow': tf.__version__,
            'pytorch': getattr(peers.torch, '__version__', None)},
        'cores': os.cpu_count(),
        'layers': compare_all(rounds, turns, scale),
        'microseconds per image': growth(2 * turns, 50000 // scale),
        'bytes beyond': memory(),
        'microseconds to refuse': refusals(),
        'epoch': epochs(1 if quick else 3, 50000 // scale)}
    report(results)
    if not quick:
        version = '{}.{}'.format(*sys.version_info)
        with open(os.path.join(HERE, 'results-{}.json'.format(version)),
                  'w') as file:
            json.dump(results, file, indent=1)
            file.write('\n')
        matplotlib.use('agg')
        draw(results, os.path.join(HERE, 'ratios-{}.png'.format(version)))


if __name__ == '__main__':
    main()
