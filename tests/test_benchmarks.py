#!/usr/bin/env python3
"""The pages show what the benchmarks have measured."""
import doctest
import json
import os
import re

import pytest

from conftest import ROOT

ROOM = os.path.join(ROOT, 'benchmarks')
# Python's version and the processor's instruction set
RUNS = ['3.13-avx512', '3.13-avx2', '3.8-avx512', '3.8-avx2']


@pytest.fixture
def bench(monkeypatch):
    """Return the module of bench.py."""
    monkeypatch.syspath_prepend(ROOM)
    return __import__('bench')


def text(*path):
    """Return the text of a file."""
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def results(run):
    """Return the saved results of a full run."""
    return json.loads(text('benchmarks', 'results-{}.json'.format(run)))


@pytest.mark.parametrize('run', RUNS)
def test_the_report_is_that_of_the_results(bench, run):
    """Each number of the report follows from the saved times."""
    found = results(run)
    assert bench.ending(found) == run and not found['one']['quick']
    assert '\n'.join(bench.report(found)) + '\n' == text(
        'benchmarks', 'report-{}.txt'.format(run))


def test_the_page_shows_every_goal_and_verdict(bench):
    """The list in the room's page is the end of the report."""
    page = text('benchmarks', 'README.md')
    shown = page.split('```text\n')[1].split('```')[0]
    report = bench.report(results('3.13-avx512'))
    assert shown.strip().split('\n') == report[report.index('goals') + 1:]
    assert re.search(r'MISSED|reached', shown)


@pytest.mark.parametrize('run', RUNS)
@pytest.mark.parametrize('page', ['benchmarks/README.md'])
def test_the_pages_show_the_means(bench, page, run):
    """Both have the geometric means of large batches; a missed one is bold."""
    cells = [('**{:.2f}**' if number > most else '{:.2f}').format(number)
             for name, number, most in bench.goals(results(run))
             if 'large batches' in name and name.endswith('mean')]
    assert len(cells) == 4
    rows = [line for line in text(page).split('\n')
            if line.endswith('| {} |'.format(' | '.join(cells)))]
    version, instructions = run.split('-')
    assert len(rows) == 1 and {
        'avx2': 'AVX2', 'avx512': 'AVX-512'}[instructions] in rows[0]
    assert ('course' in rows[0]) == (version == '3.8')


def test_every_row_has_its_peers(bench):
    """Each layer was compared with a library, the floor and the loops."""
    for run in RUNS:
        found = results(run)
        rows = found['one']['layers'] + found['all']['layers']
        assert len(rows) == 2 * 2 * 2 * 26
        for row in rows:
            assert {'ours', 'tensorflow', 'floor'} <= set(row['seconds'])
            assert all(taken > 0 for taken in row['seconds'].values())
        assert all('loops' in row['seconds']
                   for row in found['one']['layers'])


def test_examples_in_docstrings(bench):
    """The examples in the benchmark's docstrings are true."""
    assert doctest.testmod(bench).attempted
    assert not doctest.testmod(bench).failed
