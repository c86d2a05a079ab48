#!/usr/bin/env python3
"""Time the four functions against TensorFlow, PyTorch and nested loops.

On one core, to which all threads are bound, and on all cores. measure.py does
the measuring. The times go to this folder, one line for each layer, and so do
the figures. Their names end in Python's version and the processor's
instruction set: results-3.13-avx2.csv, summary-3.13-avx2.png.
"""
import argparse
import csv
import json
import os
import re
import subprocess
import sys

import against

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), 'mains'))
import surroundings  # noqa: E402

NAMES = ['cores', 'dtype', 'examples', 'kind', 'layer', 'direction']
PEERS = ['ours', 'tensorflow', 'pytorch', 'loops']      # in milliseconds


def faster(row):
    """Return ours / the faster of TensorFlow and PyTorch.

    >>> faster({'ours': 3, 'tensorflow': 4, 'pytorch': 6})
    0.75
    """
    return row['ours'] / min(row[name] for name in ('tensorflow', 'pytorch')
                             if name in row)


def chosen(rows, small=False, **wanted):
    """Return the layers that have the wanted entries.

    small tells the batches of 32 from the others.
    """
    return [row for row in rows if row['kind'] != 'network' and
            (row['examples'] == 32) == small and
            all(row[key] == value for key, value in wanted.items())]


def mean(rows):
    """Return the geometric mean of ours / the faster library."""
    return against.geometric_mean(list(map(faster, rows)))


def means(rows, small=False):
    """Return the mean of each precision on one core, then on all."""
    return [mean(chosen(rows, small, cores=cores, dtype=dtype))
            for cores in ('one', 'all') for dtype in ('float64', 'float32')]


def report(heading, rows):
    """Return the times and the ratios as lines."""
    line = '{:<4} {:<8} {:>6} {:<32} {:<8}' + '{:>16}' * len(PEERS)
    lines = [heading, line.format('core', '', '', '', '', 'ours, ms', *(
        'ours/' + name for name in PEERS[1:]))]
    for row in rows:
        lines.append(line.format(
            row['cores'], row['dtype'], row['examples'], row['layer'],
            row['direction'], f"{row['ours']:.3f}",
            *(f"{row['ours'] / row[name]:.2g}" if name in row else ''
              for name in PEERS[1:])))
    lines.append('\nours / the faster library, geometric means: float64 and '
                 'float32 on one core, then on all')
    for small, name in (False, 'large batches'), (True, 'batches of 32'):
        lines.append(f'{name:<15}' + ''.join(
            map('{:7.2f}'.format, means(rows, small))))
    return '\n'.join(lines)


def read(path):
    """Return the heading and the rows of a results-*.csv."""
    with open(path, newline='') as file:
        heading = file.readline().strip('# \n')
        return heading, [
            {name: text if name in NAMES else float(text)
             for name, text in row.items() if text} for row in
            ({**row, 'examples': int(row['examples'])}
             for row in csv.DictReader(file))]


def write(path, heading, rows):
    """Write what `read` reads."""
    with open(path, 'w', newline='') as file:
        file.write(f'# {heading}\n')
        writer = csv.DictWriter(file, NAMES + PEERS, lineterminator='\n')
        writer.writeheader()
        writer.writerows({name: f'{value:.4g}' if name in PEERS
                          else value for name, value in row.items()}
                         for row in rows)


def ending(heading):
    """Return what the names of the files end in.

    >>> ending('a processor (AVX-512), 2 cores; python 3.13.0, numpy 2.5.5')
    '3.13-avx512'
    """
    instructions, version = re.search(
        r'\(([\w-]+)\), .*python (\d+\.\d+)', heading).groups()
    return f"{version}-{instructions.lower().replace('-', '')}"


def measured(quick):
    """Return heading and rows, of one core and of all, each in a process."""
    rows = []
    for cores in 'one', 'all':
        process = subprocess.run(
            [sys.executable, os.path.join(HERE, 'measure.py'), cores] +
            ['--quick'] * quick, stdout=subprocess.PIPE)
        found = json.loads(process.stdout or sys.exit(1))   # it has said why
        rows += found['rows']
    commit = subprocess.check_output(['git', 'rev-parse', '--short', 'HEAD'],
                                     cwd=HERE).decode().strip()
    return '{} ({}), {} cores; {}; files of commit {}{}'.format(
        found['processor'], found['instructions'], found['cores'],
        ', '.join(map(' '.join, found['versions'].items())), commit,
        '; a tenth of the examples' * quick), rows


def main():
    """Measure and print; save the numbers and the figures."""
    surroundings.prepare()
    parser = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    parser.add_argument('--quick', action='store_true',
                        help='a tenth of the examples, in 6 minutes')
    parser.add_argument('--against', metavar='COMMIT',
                        help='only compare with the files of an older commit')
    parser.add_argument('--draw', metavar='FILE', help='print and draw a '
                        'results-*.csv again, instead of measuring')
    args = parser.parse_args()
    if args.against:
        return against.compare(args.against)
    heading, rows = read(args.draw) if args.draw else measured(args.quick)
    print(report(heading, rows))
    if not args.draw:
        write(os.path.join(HERE, f'results-{ending(heading)}.csv'),
              heading, rows)
    import figures      # here, because --against needs no matplotlib
    figures.draw(heading, rows, HERE, ending(heading))


if __name__ == '__main__':
    main()
