#!/usr/bin/env python3
"""The figures of the speed, drawn from what bench.py has measured."""
import itertools
import os

import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402

import bench  # noqa: E402

# colours that colour-blind readers can tell apart
COLOURS = {'float64': '#e69f00', 'float32': '#0072b2'}
NAMES = {'conv': 'convolution', 'pool': 'pooling'}


def bars(axes, places, ratios, height, **how):
    """Draw a bar from 1 to each ratio, and its value beyond its end."""
    axes.barh(places, [ratio - 1 for ratio in ratios], height, left=1, **how)
    for place, ratio in zip(places, ratios):
        axes.text(ratio, place, f' {ratio:.2f} ', va='center',
                  ha='left' if ratio > 1 else 'right', fontsize=7)


def finish(figure, axes, places, labels, ticks, rows, path):
    """Label the axes, 1/2, 1, 2 times as long, and save a figure."""
    axes.set_yticks(places)
    axes.set_yticklabels(labels, fontsize=8)
    axes.axvline(1, color='black', linewidth=1)
    axes.set(xscale='log', xlim=(ticks[0], ticks[-1]))
    axes.set_xticks(ticks)
    axes.set_xticklabels([f'1/{1 / tick:g}' if tick < 1 else
                          f'{tick:g}' for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis='x', alpha=.3)
    axes.set_xlabel('time of ours / time of {}\n(left of 1: ours is faster)'
                    .format('the faster of TensorFlow and PyTorch' if any(
                        'pytorch' in row for row in rows) else 'TensorFlow'))
    figure.tight_layout()
    # white, also in dark mode; no version, so the same bytes come again
    figure.savefig(path, dpi=110, facecolor='white',
                   metadata={'Software': None})
    plt.close(figure)


def summary(rows, path):
    """Draw a bar for each kind, direction, precision and number of cores."""
    figure, axes = plt.subplots(figsize=(8, 4.6))
    places, labels = [], []
    for n, (kind, direction, cores, dtype) in enumerate(itertools.product(
            NAMES, ('forward', 'backward'), ('one', 'all'), COLOURS)):
        ratio = bench.mean(bench.chosen(rows, cores=cores, kind=kind,
                                        direction=direction, dtype=dtype))
        places.append(-n - n // 4)      # a gap after every fourth
        labels.append(('' if n % 4 else f'{NAMES[kind]} {direction}:  ') +
                      f"{cores} core{'s' * (cores == 'all')}, {dtype}")
        bars(axes, places[-1:], [ratio], .9, color=COLOURS[dtype],
             alpha=1 if cores == 'one' else .55)
    finish(figure, axes, places, labels, (.125, .25, .5, 1, 2, 4), rows, path)


def layers(heading, rows, path):
    """Draw a bar for every layer, on one core."""
    rows = bench.chosen(rows, cores='one')
    names = list(dict.fromkeys(
        '{layer} {direction}'.format(**row) for row in reversed(rows)))
    figure, axes = plt.subplots(figsize=(8, .3 * len(names) + .9))
    for dtype, shift in ('float64', .2), ('float32', -.2):
        some = [row for row in rows if row['dtype'] == dtype]
        bars(axes, [names.index('{layer} {direction}'.format(**row)) + shift
                    for row in some], list(map(bench.faster, some)), .38,
             color=COLOURS[dtype], label=dtype)
    axes.set_ylim(-.6, len(names) - .4)
    axes.set_title('One core: ' + heading.split(',')[0], fontsize=9)
    axes.legend(fontsize=8)
    finish(figure, axes, range(len(names)), names,
           (.0625, .125, .25, .5, 1, 2, 4), rows, path)


def draw(heading, rows, folder, ending):
    """Draw the means of a run and, if PyTorch took part, each layer."""
    summary(rows, os.path.join(folder, f'summary-{ending}.png'))
    if any('pytorch' in row for row in rows):
        layers(heading, rows, os.path.join(folder, 'layers.png'))
