#!/usr/bin/env python3
"""LeNet-5 trains on several workers as on one, and survives losing some."""
import functools
import json
import os
import re
import resource
import signal
import socket

import numpy as np
import psutil
import pytest

from conftest import ROOT, start

EXAMPLES = os.path.join(ROOT, 'examples')
DRIVER = os.path.join(EXAMPLES, 'distributed.py')
# saves what each worker sees in two epochs of 100 numbered images, in batches
# of 32
SEEN = """#!/usr/bin/env python3
import itertools, json, os, sys
sys.path.insert(0, {folder!r})
import distributed
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

    def __init__(self, arguments, driver=DRIVER, cwd=None, before=None,
                 **variables):
        """Start the program."""
        self.process = start(
            driver, *arguments.split(), cwd=cwd, preexec_fn=before,
            env=dict(os.environ, **variables))
        self.workers = []

    def read_until(self, word):
        """Read the output up to a line with this word; find the workers."""
        lines = iter(self.process.stdout.readline, '')
        assert any(word in line for line in lines), self.process.stderr.read()
        self.workers = self.process.children()
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
            re.findall(rf'\b{name}: ([\d.]+)', output)]


@functools.lru_cache(None)
def undisturbed(workers):
    """Return what an uninterrupted run on 32 full batches prints."""
    return Job(f'--examples 1024 --epochs 2 --workers {workers}').end(0)[0]


def test_each_example_is_seen_once(tmp_path, n=3):
    """This holds even if batches and examples cannot be divided evenly."""
    (tmp_path / 'seen.py').write_text(SEEN.format(folder=EXAMPLES))
    Job(f'--workers {n}', 'seen.py', str(tmp_path)).end(0)
    orders = []
    for epoch in range(2):
        shares = [np.load(str(tmp_path / f'{epoch}-{i}.npy'))
                  for i in range(n)]
        orders.append(np.concatenate(shares))
        np.testing.assert_array_equal(np.sort(orders[-1]), np.arange(100))
        assert min(map(len, shares)) >= 100 // n - 4
    assert (orders[0] != orders[1]).any()


@pytest.mark.xdist_group('undisturbed')
def test_two_reach_the_loss_of_one():
    """Sharing the same batches gives the same weights, up to rounding."""
    one, two = undisturbed(1), undisturbed(2)
    # only the chief prints
    assert re.findall(r'Epoch \d/2', two) == ['Epoch 1/2', 'Epoch 2/2']
    for name in 'loss', 'val_loss':
        assert len(numbers(two, name)) == 2
        np.testing.assert_allclose(numbers(two, name), numbers(one, name),
                                   rtol=.01)


@pytest.mark.xdist_group('undisturbed')
def test_a_killed_job_goes_on_where_it_was(tmp_path):
    """It ends like an undisturbed job, as the order of images is the same."""
    command = f'--workers 2 --examples 1024 --epochs 2 --checkpoint {tmp_path}'
    job = Job(command).read_until('Epoch 2')
    assert len(job.workers) == 2
    job.workers[1].kill()
    assert job.end(1)[1] == 'Worker 1 was lost (-9). Start the job again.'
    saved = sorted(tmp_path.glob('unfinished/*'))
    assert len(saved) > 2
    assert Job(command + ' --batch-size 16 --workers 1').end(1)[1] == (
        f'{tmp_path}/unfinished holds no checkpoint to go on from (its '
        'epochs do not have 64 steps): remove it')
    assert sorted(tmp_path.glob('unfinished/*')) == saved
    output, _ = Job(command).end(0)
    assert re.findall(r'Epoch \d/2', output) == ['Epoch 2/2']
    expected = undisturbed(2)
    for name in 'val_loss', 'val_accuracy':
        np.testing.assert_allclose(numbers(output, name),
                                   numbers(expected, name)[-1:], rtol=.01)
    assert os.listdir(str(tmp_path)) == ['lenet5.h5']
    assert 'holds weights' in Job(command).end(2)[1]


def test_a_checkpoint_that_cannot_be_used(tmp_path):
    """One line says so, and the checkpoint is left unchanged."""
    folder = tmp_path / 'unfinished'
    folder.mkdir()
    files = {'checkpoint': 'model_checkpoint_path: "ckpt-1"',
             'ckpt-1.index': 'garbage',
             'ckpt-1.data-00000-of-00001': 'garbage'}
    for name, text in files.items():
        (folder / name).write_text(text)
    output, complaint = Job(
        f'--examples 64 --epochs 1 --checkpoint {tmp_path}').end(1)
    assert output == '' and complaint.startswith(
        f'{folder} holds no checkpoint to go on from (')
    assert {path.name: path.read_text() for path in folder.glob('*')} == files


def test_a_full_disk(tmp_path):
    """One line says so; there are no weights that are not whole."""
    _, complaint = Job(
        f'--examples 64 --epochs 1 --checkpoint {tmp_path}',
        before=functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE,
                                 (400000, 400000))).end(1)
    assert str(tmp_path) in complaint and 'File too large' in complaint
    assert os.listdir(str(tmp_path)) == ['unfinished']


def test_ctrl_c():
    """The job prints one word; its worker sees that it is gone, and ends."""
    job = Job('--epochs 999').read_until('Epoch 1')
    job.process.send_signal(signal.SIGINT)
    assert job.end(-signal.SIGINT)[1] == 'Interrupted.'


def test_one_worker_of_a_cluster():
    """TF_CONFIG makes it a worker; if another is lost, it says so and ends."""
    listeners = [socket.create_server(('127.0.0.1', 0)) for _ in range(2)]
    workers = [f'127.0.0.1:{listener.getsockname()[1]}'
               for listener in listeners]
    for listener in listeners:
        listener.close()
    chief, other = [Job('--epochs 9999', TF_CONFIG=json.dumps({
        'cluster': {'worker': workers},
        'task': {'type': 'worker', 'index': index}})) for index in range(2)]
    chief.read_until('Epoch 1')
    assert chief.workers == []
    other.process.kill()
    assert other.end(-signal.SIGKILL)[0] == ''
    assert chief.end(1)[1] == 'Another worker was lost. Start the job again.'


@pytest.mark.parametrize('arguments, words', [
    ('--workers 0', '--workers: 0 is not from 1 to 50000'),
    ('--epochs x', "invalid int value: 'x'"),
    ('--checkpoint /dev/null', 'Not a directory'),
    ('--checkpoint mine', "'mine' holds weights, or files of others"),
    ('--examples 33 --workers 2', '--examples: 33 leave 1 for the last batch, '
     'expected 2 or more'),
    ('--examples 50001', '--examples: 50001 is not from 1 to 50000'),
    ('--batch-size 2 --workers 3', '--batch-size: 2 is not from 3 to 50000')])
def test_wrong_arguments(tmp_path, arguments, words):
    """They are named before any process starts, and nothing is changed."""
    (tmp_path / 'mine').mkdir()
    (tmp_path / 'mine' / 'lenet5.h5').write_text('mine')
    output, complaint = Job(arguments, cwd=str(tmp_path)).end(2)
    assert output == '' and words in complaint
    assert (tmp_path / 'mine' / 'lenet5.h5').read_text() == 'mine'


@pytest.mark.parametrize('config', [
    'worker 0', '[]', '{"task": {}}', '', '{"cluster": {"worker": ["a:1"]}}',
    '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": -1}'
    '}', '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": '
    '0}}'])
def test_wrong_tf_config(config):
    """The message names it, what it holds and what would fit."""
    output, complaint = Job('--examples 64', TF_CONFIG=config).end(1)
    assert output == '' and complaint.startswith(
        f'TF_CONFIG is {config!r}, expected a cluster and a task')
