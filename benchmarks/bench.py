#!/usr/bin/env python3
"""Time the four functions against TensorFlow, PyTorch and nested loops.

On one core, to which all threads are bound, and on all cores. measure.py does
the measuring. The numbers, the report and the figures go to this folder. Their
names end in Python's version and the processor's instruction set:
results-3.13-avx2.json, report-3.13-avx2.txt, summary-3.13-avx2.svg.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
sys.path[:0] = [HERE]
against = __import__('against')
LIBRARIES = 'tensorflow', 'pytorch'
FURTHER = 'mygrad', 'jax', 'onnxruntime'
# at most this ratio to the faster library, as a geometric mean
MEANS = {('one', 'float64'): .5, ('one', 'float32'): .62,
         ('all', 'float64'): .65, ('all', 'float32'): .9}
WORST = 1.4     # the largest ratio of a layer


def faster(row):
    """Return ours / the faster of TensorFlow and PyTorch.

    >>> faster({'seconds': {'ours': 3, 'tensorflow': 4, 'pytorch': 6}})
    0.75
    """
    times = row['seconds']
    return times['ours'] / min(times[name] for name in LIBRARIES
                               if name in times)


def to_floor(row):
    """Return ours / the floor: a product of matrices, or a copy."""
    return row['seconds']['ours'] / row['seconds']['floor']


def chosen(results, cores, **wanted):
    """Return the rows of one or all cores that have the wanted entries.

    small tells the batches of 32 from the others.
    """
    small = wanted.pop('small', None)
    return [row for row in results[cores]['layers'] if
            (small is None or (row['examples'] == 32) == small) and
            all(row[key] == value for key, value in wanted.items())]


def goals(results):
    """Return each goal: a text, what was found, at most what."""
    found = []
    for cores, dtype in MEANS:
        for small in False, True:
            ratios = list(map(faster, chosen(results, cores, dtype=dtype,
                                             small=small)))
            name = '{} core{}, {}, {}: ours / the faster library, '.format(
                cores, 's' * (cores == 'all'), dtype,
                'batches of 32' if small else 'large batches')
            found += [(name + 'mean', against.geometric_mean(ratios),
                       MEANS[cores, dtype]),
                      (name + 'largest', max(ratios), WORST)]
    one, epoch = results['one'], results['one']['epoch']
    forward = chosen(results, 'one', kind='conv', direction='forward')
    backward = chosen(results, 'one', kind='conv', direction='backward')
    pooling = chosen(results, 'one', kind='pool', direction='forward')
    loops = [row['seconds']['ours'] / row['seconds']['loops']
             for row in one['layers']]
    return found + [
        ('one core: convolution forward / its product, largest',
         max(map(to_floor, forward)), 1.2),
        ('one core: convolution backward / the forward product, largest',
         max(map(to_floor, backward)), 2.7),
        ('one core: pooling forward / a copy of its input, largest',
         max(map(to_floor, pooling)), 4),
        ('one core: a LeNet-5 epoch, ours / Keras',
         epoch['ours'] / epoch['keras'], .8),
        ('all cores: a LeNet-5 epoch, ours / Keras',
         results['all']['epoch']['ours'] / results['all']['epoch']['keras'],
         .8)] + [
        ('one core: time per {}, largest / smallest, {}'.format(
            'image, 32 to {:,} images'.format(rows[-1][0])
            if what == 'examples' else
            'pixel, 28 to 1,000 pixels across', name),
         max(times) / min(times), 1.5)
        for what, rows in one['growth'].items() for name in rows[0][1]
        for times in [[taken[name] for _, taken in rows]]] + [
        ('one core: ours / nested loops, largest', max(loops), .01),
        ('MiB beyond input and output, largest',
         max(one['bytes beyond'].values()) / 2 ** 20, 64),
        ('microseconds until a wrong call is refused, largest',
         max(one['refusals'].values()) * 1e6, 20)]


def heading(results):
    """Return a sentence on what was measured where."""
    one = results['one']
    return '{} ({}), {} cores; {}{}'.format(
        one['processor'], one['instructions'], results['all']['cores'],
        ', '.join('{} {}'.format(*pair) for pair in one['versions'].items()),
        '; a tenth of the examples' * one['quick'])


def table(results, cores, small):
    """Return the lines of a table of all layers."""
    rows = chosen(results, cores, small=small)
    heads = [name for name in LIBRARIES + FURTHER + ('floor', 'loops')
             if any(name in row['seconds'] for row in rows)]
    line = '{:<7} {:<8} {:<4} {:<31}' + ' {:>11}' * (len(heads) + 2)
    lines = ['', '{} core{}, {}: ours / theirs (below 1: ours is faster)'
             .format(cores, 's' * (cores == 'all'),
                     'batches of 32' if small else 'large batches'),
             line.format('', '', '', '', 'ours, ms', 'faster', *heads)]
    for row in rows:
        times = row['seconds']
        ratios = [times['ours'] / times[name] if name in times else None
                  for name in heads]
        lines.append(line.format(
            row['dtype'], row['direction'], row['kind'], row['layer'],
            '{:.3f}'.format(times['ours'] * 1e3),
            '{:.2f}'.format(faster(row)), *[
                '' if ratio is None else
                ('{:.2f}' if ratio > .02 else '{:.4f}').format(ratio)
                for ratio in ratios]))
    return lines


def report(results):
    """Return the whole report as lines."""
    lines = [heading(results)]
    for cores in 'one', 'all':
        for small in False, True:
            lines += table(results, cores, small)
    for what, rows in results['one']['growth'].items():
        lines += ['', 'one core, microseconds per {}, float32'.format(
            'image of 28x28' if what == 'examples' else
            '1,000 pixels, 28 rows')]
        names = list(rows[0][1])
        lines.append('{:>9}'.format(what) + ''.join(
            '{:>15}'.format(name) for name in names))
        scale = 1e6 if what == 'examples' else 1e3
        lines += ['{:>9}'.format(size) + ''.join(
            '{:>15.3f}'.format(taken[name] * scale) for name in names)
            for size, taken in rows]
    lines += ['', 'MiB beyond input and output, 20,000 images of 28x28, '
              'float32: ' + ', '.join('{} {:.1f}'.format(name, size / 2 ** 20)
                                      for name, size in
                                      results['one']['bytes beyond'].items())]
    for cores in 'one', 'all':
        lines.append('{}: an epoch of LeNet-5, batch 32: {ours:.2f} s from '
                     'scratch, {keras:.2f} s in Keras'.format(
                         cores, **results[cores]['epoch']))
    return lines + ['', 'goals'] + [
        '{:<75} {:7.3f}  at most {:<5} {}'.format(
            claim, found, most, 'reached' if found <= most else 'MISSED')
        for claim, found, most in goals(results)]


def ending(results):
    """Return what the names of the files end in.

    >>> ending({'one': {'versions': {'python': '3.13.0'},
    ...                 'instructions': 'AVX-512'}})
    '3.13-avx512'
    """
    version = results['one']['versions']['python'].split('.')[:2]
    return '{}-{}'.format('.'.join(version), results['one'][
        'instructions'].lower().replace('-', ''))


def measured(quick):
    """Return the results of one core and of all, each from its own process."""
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for cores in 'one', 'all':
            path = os.path.join(folder, cores)
            subprocess.run(
                [sys.executable, os.path.join(HERE, 'measure.py'), cores,
                 path] + ['--quick'] * quick, check=True)
            with open(path) as file:
                results[cores] = json.load(file)
    return results


def main():
    """Measure and print; save the numbers, the report and the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true',
                        help='a tenth of the examples, in 7 minutes')
    parser.add_argument('--against', metavar='COMMIT',
                        help='time the four functions against those of an '
                        'older commit, and nothing else')
    parser.add_argument('--draw', metavar='FILE', help='print the report and '
                        'draw the figures of a results-*.json again')
    args = parser.parse_args()
    if args.against:
        return against.compare(args.against)
    if args.draw:
        with open(args.draw) as file:
            results = json.load(file)
    else:
        results = measured(args.quick)
    text = '\n'.join(report(results))
    print(text)
    path = os.path.join(HERE, '{}-' + ending(results) + '.{}')
    with open(path.format('results', 'json'), 'w') as file:
        json.dump(results, file, indent=1)
        file.write('\n')
    with open(path.format('report', 'txt'), 'w') as file:
        file.write(text + '\n')
    __import__('figures').draw(results, path)


if __name__ == '__main__':
    main()
