#!/usr/bin/env python3
"""The pages show what the benchmarks have measured."""
import doctest
import json
import os
import re

import pytest

from conftest import ROOT

ROOM = os.path.join(ROOT, 'benchmarks')
VERSIONS = ['3.8', '3.13']


@pytest.fixture
def bench(monkeypatch):
    """Return the module of bench.py."""
    monkeypatch.syspath_prepend(ROOM)
    return __import__('bench')


def text(*path):
    """Return the text of a file."""
    with open(os.path.join(ROOT, *path), encoding='utf-8') as file:
        return file.read()


def results(version):
    """Return the saved results of a Python's full run."""
    return json.loads(text('benchmarks', 'results-{}.json'.format(version)))


@pytest.mark.parametrize('version', VERSIONS)
def test_the_report_is_that_of_the_results(bench, version):
    """Each number of the report follows from the saved times."""
    assert '\n'.join(bench.report(results(version))) + '\n' == text(
        'benchmarks', 'report-{}.txt'.format(version))


def test_the_page_shows_every_goal_and_verdict(bench):
    """The list in the room's page is the end of the report."""
    page = text('benchmarks', 'README.md')
    shown = page.split('```text\n')[1].split('```')[0]
    report = bench.report(results('3.13'))
    assert shown.strip().split('\n') == report[report.index('goals') + 1:]
    assert re.search(r'MISSED|reached', shown)


def means(bench, version):
    """Return the four geometric means of large batches."""
    return [number for name, number, _ in bench.goals(results(version))
            if 'large batches' in name and name.endswith('mean')]


def test_the_front_page_shows_the_means(bench):
    """README has the four geometric means, as the reports have them."""
    page = ' '.join(text('README.md').split())
    assert ('{:.2f} in float64 and {:.2f} in float32; on both cores, {:.2f} '
            'and {:.2f}'.format(*means(bench, '3.13'))) in page
    assert ("{:.2f} of TensorFlow's time in float64 and {:.2f} in float32; "
            'on both cores, {:.2f} and {:.2f}'.format(*means(bench, '3.8'))
            ) in page


def test_the_page_shows_the_courses_means(bench):
    """The room's page has those of the course's versions."""
    page = ' '.join(text('benchmarks', 'README.md').split())
    assert ("{:.2f} of TensorFlow's time in float64 and {:.2f} in float32; "
            'on both, {:.2f} and {:.2f}'.format(*means(bench, '3.8'))) in page


def test_every_row_has_its_peers(bench):
    """Each layer was compared with a library, the floor and the loops."""
    for version in VERSIONS:
        found = results(version)
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
