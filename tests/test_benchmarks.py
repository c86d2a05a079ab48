#!/usr/bin/env python3
"""The page of the benchmarks shows what they have measured."""
import doctest
import glob
import itertools
import os
import re
import subprocess
import sys

import pytest

from conftest import ROOT

ROOM = os.path.join(ROOT, 'benchmarks')
sys.path.append(ROOM)
import against  # noqa: E402
import bench  # noqa: E402

RUNS = sorted(glob.glob(os.path.join(ROOM, 'results-*.csv')))


@pytest.mark.parametrize('path', RUNS, ids=os.path.basename)
def test_the_page_shows_the_means(path):
    """It has a row for each run, with the geometric means and the loops."""
    heading, rows = bench.read(path)
    times = [row['loops'] / row['ours'] for row in rows if 'loops' in row]
    epochs = [row['ours'] / row['tensorflow'] for row in rows
              if row['kind'] == 'network']
    cells = ' | '.join(['{:.2f}'] * 10).format(
        *bench.means(rows), *bench.means(rows, small=True), *epochs)
    with open(os.path.join(ROOM, 'README.md'), encoding='utf-8') as file:
        found = [line for line in file if cells in line]
    assert len(found) == 1 and os.path.basename(path) in found[0]
    least, most = re.search(r'(\d+) to (\d+)', found[0].replace(
        ',', '')).groups()
    assert [f'{float(least):.2g}', f'{float(most):.2g}'] == [
        f'{min(times):.2g}', f'{max(times):.2g}']


@pytest.mark.parametrize('path', RUNS, ids=os.path.basename)
def test_every_layer_was_measured(path, tmp_path):
    """Each was compared with a library and the loops; reading loses nothing.
    """
    heading, rows = bench.read(path)
    assert os.path.basename(path) == f'results-{bench.ending(heading)}.csv'
    layers = {(row['kind'], row['layer']) for row in bench.chosen(rows)}
    assert {kind for kind, _ in layers} == {'conv', 'pool'}
    for kind, layer in layers:
        for how in itertools.product(('one', 'all'), ('float64', 'float32'),
                                     ('forward', 'backward'), (False, True)):
            cores, dtype, direction, small = how
            row, = bench.chosen(rows, small, kind=kind, layer=layer,
                                cores=cores, dtype=dtype, direction=direction)
            assert cores == 'all' or row['loops'] > row['ours']
    assert all(row['ours'] > 0 and row['tensorflow'] > 0 for row in rows)
    assert bench.report(heading, rows).count('\n') > len(rows)
    copy = str(tmp_path / 'copy')
    bench.write(copy, heading, rows)
    assert bench.read(copy) == (heading, rows)


def test_a_commit_can_be_compared(monkeypatch, capsys):
    """One small layer of each kind is timed in turns with the last commit."""
    monkeypatch.setattr(against, 'CONVOLUTIONS', [
        (2, 'small', (5, 5, 1), (3, 3, 1, 2), 'same')])
    monkeypatch.setattr(against, 'POOLINGS', [
        (2, 'small', (4, 4, 2), (2, 2), (2, 2))])
    against.compare('HEAD', seconds=0)
    shown = capsys.readouterr().out
    assert len(re.findall(r'^small', shown, re.M)) == 3
    assert len(re.findall(r'geometric mean \d', shown)) == 4


def test_a_commit_that_is_not_there():
    """Git says so in one line."""
    process = subprocess.run(
        [sys.executable, os.path.join(ROOM, 'bench.py'), '--against', 'none'],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert (process.returncode, process.stdout) == (1, b'')
    assert re.fullmatch(b"fatal: .*'none'.*\\n", process.stderr)


def test_examples_in_docstrings():
    """The examples in the benchmark's docstrings are true."""
    assert doctest.testmod(bench).attempted
    assert not doctest.testmod(bench).failed
