#!/usr/bin/env python3
"""The figures of the speed, drawn from what bench.py has measured."""
import matplotlib
matplotlib.use('agg')
import matplotlib.pyplot as plt  # noqa: E402
import numpy as np  # noqa: E402

against = __import__('against')
bench = __import__('bench')

GROUPS = [('conv', 'forward'), ('conv', 'backward'), ('pool', 'forward'),
          ('pool', 'backward')]
NAMES = {'conv': 'convolution', 'pool': 'pooling'}
# colours that colour-blind readers can tell apart
COLOURS = {'float64': '#e69f00', 'float32': '#0072b2'}


def on_white(figure, path):
    """Save a figure that is legible in light and dark mode."""
    figure.tight_layout()
    figure.savefig(path, facecolor='white', metadata={'Date': None})
    plt.close(figure)


def logarithmic(axis, ticks=(.0625, .125, .25, .5, 1, 2, 4)):
    """Label an axis of ratios: 1/2, 1, 2."""
    axis.axes.set_xscale('log')
    axis.set_ticks(ticks)
    axis.set_ticklabels(['1/{:g}'.format(1 / tick) if tick < 1 else
                         '{:g}'.format(tick) for tick in ticks])
    axis.axes.minorticks_off()
    axis.axes.grid(axis='x', alpha=.3)


def against_what(results):
    """Return the names of the libraries, for a label."""
    return ('the faster of TensorFlow and PyTorch'
            if 'pytorch' in results['one']['versions'] else 'TensorFlow')


def summary(results, path):
    """Draw a bar for each kind, direction, precision and number of cores."""
    figure, axes = plt.subplots(figsize=(8, 4.6))
    places, labels = [], []
    for i, (kind, direction) in enumerate(GROUPS):
        bars = [(cores, dtype) for cores in ('one', 'all')
                for dtype in ('float64', 'float32')]
        for j, (cores, dtype) in enumerate(bars):
            ratio = against.geometric_mean([
                bench.faster(row) for row in bench.chosen(
                    results, cores, kind=kind, direction=direction,
                    dtype=dtype, small=False)])
            place = -5 * i - j
            axes.barh(place, ratio - 1, .9, left=1, color=COLOURS[dtype],
                      alpha=1 if cores == 'one' else .55)
            axes.text(min(ratio, 1) * .96, place, '{:.2f}'.format(ratio),
                      ha='right', va='center', fontsize=9)
            places.append(place)
            labels.append('{}{}, {}'.format(
                '{} {}:  '.format(NAMES[kind], direction) if j == 0 else '',
                'one core' if cores == 'one' else 'all cores', dtype))
    axes.set_yticks(places)
    axes.set_yticklabels(labels, fontsize=9)
    axes.axvline(1, color='black', linewidth=1)
    logarithmic(axes.xaxis, (.125, .25, .5, 1, 2))
    axes.set_xlabel('time of ours / time of {}\n(left of 1: ours is faster; '
                    'geometric means)'.format(against_what(results)))
    on_white(figure, path)


def layers(results, path):
    """Draw a bar for every layer, on one core."""
    rows = bench.chosen(results, 'one', small=False)
    names = list(dict.fromkeys(
        (row['layer'], row['direction']) for row in rows))
    places = {name: i for i, name in enumerate(reversed(names))}
    figure, axes = plt.subplots(figsize=(8, 8))
    for dtype, shift in ('float64', .2), ('float32', -.2):
        some = [row for row in rows if row['dtype'] == dtype]
        ratios = list(map(bench.faster, some))
        axes.barh([places[row['layer'], row['direction']] + shift
                   for row in some], [ratio - 1 for ratio in ratios], .38,
                  left=1, color=COLOURS[dtype],
                  label='{}: geometric mean {:.2f}'.format(
                      dtype, against.geometric_mean(ratios)))
    axes.axvline(1, color='black', linewidth=1)
    logarithmic(axes.xaxis)
    axes.set_yticks(list(places.values()))
    axes.set_yticklabels(['{} {}'.format(*name) for name in places],
                         fontsize=8)
    axes.set_ylim(-.6, len(names) - .4)
    axes.set_xlabel('one core: time of ours / time of {}\n(left of 1: ours is '
                    'faster)'.format(against_what(results)), fontsize=9)
    axes.legend(loc='best', fontsize=8)
    on_white(figure, path)


def growth(results, path):
    """Draw the time per image and per pixel, relative to the fastest."""
    figure, panels = plt.subplots(1, 2, figsize=(8, 3.4), sharey=True)
    for axes, (what, rows) in zip(panels, results['one']['growth'].items()):
        for name in rows[0][1]:
            times = np.array([taken[name] for _, taken in rows])
            axes.plot([size for size, _ in rows], times / times.min(), 'o-',
                      markersize=3, label=name)
        axes.axhline(1.5, color='black', linewidth=.8, linestyle='dotted')
        axes.set_xscale('log')
        axes.grid(alpha=.3)
        axes.set_xlabel('images of 28 x 28' if what == 'examples' else
                        'pixels across, 28 rows')
    panels[0].set_ylim(bottom=0)        # the axis is shared
    panels[0].set_ylabel('time per pixel / the least')
    panels[0].legend(fontsize=8, loc='lower left')
    on_white(figure, path)


def draw(results, path):
    """Draw all figures; path has a place for their names and endings."""
    plt.rcParams.update({'svg.hashsalt': '0', 'svg.fonttype': 'path'})
    for drawing in summary, layers, growth:
        drawing(results, path.format(drawing.__name__, 'svg'))
