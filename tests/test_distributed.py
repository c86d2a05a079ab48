#!/usr/bin/env python3
"""LeNet-5 trains on several workers as on one, and survives losing some."""
import functools
import json
import os
import re
import signal
import socket
import subprocess
import sys

import numpy as np
import psutil
import pytest

from conftest import ROOT

EXAMPLES = os.path.join(ROOT, 'examples')
DRIVER = os.path.join(EXAMPLES, 'distributed.py')
# what each worker sees of two epochs of 100 numbered images, in batches of 32
SEEN = """#!/usr/bin/env python3
import itertools, json, os, sys
sys.path.insert(0, {folder!r})
distributed = __import__('distributed')
import numpy as np


def seen(args, strategy, chief):
    X = np.arange(100, dtype=np.float32).reshape(100, 1, 1)
    data = strategy.experimental_distribute_dataset(distributed.batches(
        X, np.arange(100) % 10, 32, itertools.count()))
    for epoch in range(2):
        found = []
        for images, digits in data:
            for x, y in zip(strategy.experimental_local_results(images),
                            strategy.experimental_local_results(digits)):
                assert (x.numpy().ravel() % 10 == y.numpy().argmax(1)).all()
                found += x.numpy().ravel().tolist()
        index = json.loads(os.environ['TF_CONFIG'])['task']['index']
        np.save('{{}}-{{}}.npy'.format(epoch, index), found)


distributed.main(seen)
"""


class Job:
    """A run of a program, all its processes, and how it ended."""

    def __init__(self, arguments, driver=DRIVER, cwd=None, **variables):
        """Start the program."""
        self.process = subprocess.Popen(
            [sys.executable, driver] + arguments.split(), cwd=cwd,
            env=dict(os.environ, **variables), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True)
        self.workers = []

    def read_until(self, word):
        """Read the output up to a line with this word; know the workers."""
        lines = iter(self.process.stdout.readline, '')
        assert any(word in line for line in lines), self.process.stderr.read()
        self.workers = psutil.Process(self.process.pid).children()
        return self

    def end(self, code):
        """Wait for the end; return the output and the last complaint."""
        output, complaints = self.process.communicate(timeout=300)
        assert self.process.returncode == code, complaints
        assert 'Traceback' not in complaints
        assert psutil.wait_procs(self.workers, timeout=5)[1] == []
        return output, complaints.strip().split('\n')[-1]


def numbers(output, name):
    """Return the numbers of this name, one for each epoch."""
    return [float(found) for found in
            re.findall(r'\b{}: ([\d.]+)'.format(name), output)]


@functools.lru_cache(None)
def undisturbed(where):
    """Return what a whole run prints, on 64 full batches."""
    return Job(where + ' --examples 2048 --epochs 2').end(0)[0]


@pytest.mark.parametrize('n', [2, 3])
def test_each_example_is_seen_once(tmp_path, n):
    """Also where neither the batches nor the examples can be shared evenly.
    """
    (tmp_path / 'seen.py').write_text(SEEN.format(folder=EXAMPLES))
    Job('--workers {}'.format(n), 'seen.py', str(tmp_path)).end(0)
    orders = []
    for epoch in range(2):
        shares = [np.load(str(tmp_path / '{}-{}.npy'.format(epoch, i)))
                  for i in range(n)]
        orders.append(np.concatenate(shares))
        np.testing.assert_array_equal(np.sort(orders[-1]), np.arange(100))
        assert min(map(len, shares)) >= 100 // n - 4
    assert (orders[0] != orders[1]).any()


@pytest.mark.xdist_group('undisturbed')
@pytest.mark.parametrize('where', ['--workers 2', '--devices 2'])
def test_two_reach_the_loss_of_one(where):
    """The same batches, shared, lead to the same weights but for rounding."""
    one, two = undisturbed('--workers 1'), undisturbed(where)
    # the chief alone prints
    assert re.findall(r'Epoch \d/2', two) == ['Epoch 1/2', 'Epoch 2/2']
    for name in 'loss', 'val_loss':
        assert len(numbers(two, name)) == 2
        np.testing.assert_allclose(numbers(two, name), numbers(one, name),
                                   rtol=.01)


@pytest.mark.xdist_group('undisturbed')
def test_a_killed_job_goes_on_where_it_was(tmp_path):
    """It ends as an undisturbed one does, as the orders are the same."""
    command = ('--workers 2 --examples 2048 --epochs 2 --checkpoint {}'
               .format(tmp_path))
    job = Job(command).read_until('Epoch 2')
    assert len(job.workers) == 2
    job.workers[1].kill()
    assert job.end(1)[1] == 'Worker 1 was lost (SIGKILL). Start the job again.'
    output, _ = Job(command).end(0)
    assert re.findall(r'Epoch \d/2', output) == ['Epoch 2/2']
    expected = undisturbed('--workers 2')
    for name in 'val_loss', 'val_accuracy':
        np.testing.assert_allclose(numbers(output, name),
                                   numbers(expected, name)[-1:], rtol=.01)
    assert (tmp_path / 'lenet5.h5').exists()


def test_a_lost_chief_ends_the_job():
    """Without a checkpoint, too."""
    job = Job('--workers 2 --examples 320 --epochs 999').read_until('Epoch 2')
    job.workers[0].kill()
    assert job.end(1)[1] == 'Worker 0 was lost (SIGKILL). Start the job again.'


@pytest.mark.parametrize('where', ['--workers 2', '--devices 2'])
def test_ctrl_c(where):
    """One word, code 1, and no process is left."""
    job = Job(where + ' --epochs 999').read_until('Epoch 1')
    job.process.send_signal(signal.SIGINT)
    assert job.end(1)[1] == 'Interrupted.'


def test_workers_do_not_outlive_their_parent():
    """Not even if that has no time to end them."""
    job = Job('--workers 2 --epochs 999').read_until('Epoch 1')
    job.process.kill()
    job.end(-signal.SIGKILL)


def test_one_worker_of_a_cluster():
    """TF_CONFIG decides; a worker that misses another says so and ends."""
    sockets = [socket.socket() for _ in range(2)]
    for listener in sockets:
        listener.bind(('127.0.0.1', 0))
    addresses = ['127.0.0.1:%d' % one.getsockname()[1] for one in sockets]
    for listener in sockets:
        listener.close()
    chief, other = [Job(
        '--epochs 9999', TF_CONFIG=json.dumps(
            {'cluster': {'worker': addresses},
             'task': {'type': 'worker', 'index': i}})) for i in range(2)]
    chief.read_until('Epoch 1')
    assert chief.workers == []
    other.process.kill()
    assert other.end(-signal.SIGKILL)[0] == ''
    assert chief.end(1)[1].startswith('Another worker was lost')


@pytest.mark.parametrize('arguments, words', [
    ('--workers 0', 'argument --workers'), ('--devices x', 'positive'),
    ('--workers 2 --devices 2', 'not allowed'),
    ('--checkpoint /dev/null', "'/dev/null' is not a folder"),
    ('--examples 50001', '50000'), ('--batch-size 2 --workers 3', '3')])
def test_wrong_arguments(arguments, words):
    """They are named before anything is started."""
    output, complaint = Job(arguments).end(2)
    assert output == '' and words in complaint


@pytest.mark.parametrize('config', ['worker 0', '[]', '{"task": {}}'])
def test_wrong_tf_config(config):
    """It is named, with what it got and what fits."""
    output, complaint = Job('', TF_CONFIG=config).end(1)
    assert output == '' and complaint.startswith('TF_CONFIG is ')
    assert config in complaint and '"index": 0' in complaint


@pytest.mark.parametrize('index, chief', [
    ('0', True), ('"0"', True), ('1', False), ('"1"', False)])
def test_who_is_the_chief(index, chief):
    """TensorFlow takes the index as a number or as a text."""
    config = '{{"task": {{"type": "worker", "index": {}}}}}'.format(index)
    code = 'print(__import__("distributed").is_chief())'
    found = subprocess.check_output(
        [sys.executable, '-c', code], cwd=EXAMPLES,
        env=dict(os.environ, TF_CONFIG=config))
    assert found.decode() == '{}\n'.format(chief)
