#!/usr/bin/env python3
"""LeNet-5 trains on several workers as on one, and survives losing some."""
import functools
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from conftest import ROOT

EXAMPLES = os.path.join(ROOT, 'examples')
DRIVER = os.path.join(EXAMPLES, 'distributed.py')
# saves what each worker sees in two epochs of 100 numbered images, in batches
# of 32
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

    def __init__(self, arguments, driver=DRIVER, cwd=None, before=None,
                 **variables):
        """Start the program."""
        self.process = subprocess.Popen(
            [sys.executable, driver] + arguments.split(), cwd=cwd,
            env=dict(os.environ, **variables), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, universal_newlines=True,
            preexec_fn=before)
        self.workers = []

    def read_until(self, word):
        """Read the output up to a line with this word; find the workers."""
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


def content(folder):
    """Return all files in a folder and what they hold."""
    return {str(path): path.is_file() and path.read_bytes()
            for path in folder.glob('**/*')}


def cluster(*tasks):
    """Return TF_CONFIG for each of the tasks, with free addresses."""
    jobs = {}
    sockets = [socket.socket() for _ in tasks]
    for (kind, _), listener in zip(tasks, sockets):
        listener.bind(('127.0.0.1', 0))
        jobs.setdefault(kind, []).append('127.0.0.1:{}'.format(
            listener.getsockname()[1]))
    for listener in sockets:
        listener.close()
    return [json.dumps({'cluster': jobs, 'task': {'type': kind,
                                                  'index': index}})
            for kind, index in tasks]


@functools.lru_cache(None)
def undisturbed(where):
    """Return what an uninterrupted run on 32 full batches prints."""
    return Job(where + ' --examples 1024 --epochs 2').end(0)[0]


@pytest.mark.parametrize('n', [2, 3])
def test_each_example_is_seen_once(tmp_path, n):
    """This holds even if batches and examples cannot be divided evenly."""
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
    """Sharing the same batches gives the same weights, up to rounding."""
    one, two = undisturbed('--workers 1'), undisturbed(where)
    # only the chief prints
    assert re.findall(r'Epoch \d/2', two) == ['Epoch 1/2', 'Epoch 2/2']
    for name in 'loss', 'val_loss':
        assert len(numbers(two, name)) == 2
        np.testing.assert_allclose(numbers(two, name), numbers(one, name),
                                   rtol=.01)


@pytest.mark.xdist_group('undisturbed')
def test_a_killed_job_goes_on_where_it_was(tmp_path):
    """It ends like an undisturbed job, as the order of images is the same."""
    command = ('--workers 2 --examples 1024 --epochs 2 --checkpoint {}'
               .format(tmp_path))
    job = Job(command).read_until('Epoch 2')
    assert len(job.workers) == 2
    job.workers[1].kill()
    assert job.end(1)[1] == 'Worker 1 was lost (SIGKILL). Start the job again.'
    before = content(tmp_path)
    assert Job(command + ' --batch-size 16').end(1)[1] == (
        '{}/unfinished/chief holds no checkpoint to go on from (its epochs do '
        'not have 64 steps): remove it or name another folder'.format(
            tmp_path))
    assert content(tmp_path) == before
    output, _ = Job(command).end(0)
    assert re.findall(r'Epoch \d/2', output) == ['Epoch 2/2']
    expected = undisturbed('--workers 2')
    for name in 'val_loss', 'val_accuracy':
        np.testing.assert_allclose(numbers(output, name),
                                   numbers(expected, name)[-1:], rtol=.01)
    assert (tmp_path / 'lenet5.h5').exists()


def garbage(chief):
    """Write a file that is not a checkpoint."""
    (chief / 'checkpoint').write_text('garbage')


def damage(chief):
    """Write a damaged checkpoint."""
    (chief / 'checkpoint').write_text('model_checkpoint_path: "ckpt-1"')
    (chief / 'ckpt-1.index').write_text('garbage')
    (chief / 'ckpt-1.data-00000-of-00001').write_text('garbage')


@pytest.mark.parametrize('where, write', [
    ('--devices 2', garbage), ('--workers 2', damage)])
def test_a_checkpoint_that_cannot_be_used(tmp_path, where, write):
    """One line says so, and the checkpoint is left unchanged."""
    chief = tmp_path / 'unfinished' / 'chief'
    chief.mkdir(parents=True)
    write(chief)
    before = content(tmp_path)
    output, complaint = Job('{} --examples 64 --epochs 1 --checkpoint {}'
                            .format(where, tmp_path)).end(1)
    assert output == '' and complaint.startswith(
        '{} holds no checkpoint to go on from ('.format(chief))
    assert complaint.endswith('): remove it or name another folder')
    assert content(tmp_path) == before


@pytest.mark.parametrize('path, complaint', [
    ('file/', "'file' is not a folder, expected one or a new name"),
    ('DIR/unfinished', "'DIR/unfinished' is not a folder, expected one or a "
                       'new name'),
    ('DIR/unfinished/chief/diary', "'DIR/unfinished/chief/diary' is not part "
     'of a checkpoint: remove it or name another folder'),
    ('DIR/lenet5.h5/', "'DIR/lenet5.h5' is not a file, expected one or none"),
    ('/proc/DIR', "'/proc/DIR' cannot be written to: No such file or "
                  'directory')])
def test_a_folder_that_is_of_no_use(tmp_path, path, complaint):
    """It is named before any process starts, and left unchanged."""
    place, name = tmp_path / path, path if path[0] == '/' else 'DIR'
    if path == 'file/':
        name = 'file'
        place.write_text('mine')
    elif path.endswith('/'):
        place.mkdir(parents=True)
    elif name == 'DIR':
        place.parent.mkdir(parents=True)
        place.write_text('mine')
    before = content(tmp_path)
    output, found = Job('--examples 64 --epochs 1 --checkpoint ' + name,
                        cwd=str(tmp_path)).end(2)
    assert output == ''
    assert found.endswith('argument --checkpoint: ' + complaint)
    assert content(tmp_path) == before


def test_a_full_disk(tmp_path):
    """One line says so, and the old weights are still there."""
    (tmp_path / 'lenet5.h5').write_text('old')
    _, complaint = Job(
        '--workers 2 --examples 64 --epochs 1 --checkpoint {}'.format(
            tmp_path), before=functools.partial(
                resource.setrlimit, resource.RLIMIT_FSIZE, (400000, 400000))
        ).end(1)
    assert str(tmp_path) in complaint and 'File too large' in complaint
    assert (tmp_path / 'lenet5.h5').read_text() == 'old'


def test_a_lost_chief_ends_the_job():
    """A lost chief ends the job even without a checkpoint."""
    job = Job('--workers 2 --examples 320 --epochs 999').read_until('Epoch 2')
    job.workers[0].kill()
    assert job.end(1)[1] == 'Worker 0 was lost (SIGKILL). Start the job again.'


@pytest.mark.parametrize('where', ['--workers 2', '--devices 2'])
def test_ctrl_c(where):
    """The job prints one word and ends with code 1; no process is left."""
    job = Job(where + ' --epochs 999').read_until('Epoch 1')
    job.process.send_signal(signal.SIGINT)
    assert job.end(1)[1] == 'Interrupted.'


@pytest.mark.parametrize('where', ['--workers 2', '--devices 2'])
@pytest.mark.parametrize('signum, word', [
    (signal.SIGINT, 'Interrupted.'), (signal.SIGTERM, 'Terminated.')])
def test_an_early_end(where, signum, word):
    """A signal right after NumPy's import gives one word and code 1."""
    job = Job(where)
    end = time.time() + 60
    while 'numpy' not in open('/proc/{}/maps'.format(job.process.pid)).read():
        assert time.time() < end
        time.sleep(.001)
    job.process.send_signal(signum)
    assert job.end(1)[1] == word


def test_workers_do_not_outlive_their_parent():
    """The workers end even if their parent has no time to end them."""
    job = Job('--workers 2 --epochs 999').read_until('Epoch 1')
    job.process.kill()
    job.end(-signal.SIGKILL)


def test_one_worker_of_a_cluster():
    """TF_CONFIG makes it a worker; if another is lost, it says so and ends."""
    chief, other = [Job('--epochs 9999', TF_CONFIG=config) for config in
                    cluster(('worker', 0), ('worker', 1))]
    chief.read_until('Epoch 1')
    assert chief.workers == []
    other.process.kill()
    assert other.end(-signal.SIGKILL)[0] == ''
    assert chief.end(1)[1].startswith('Another worker was lost')


def test_an_index_may_be_a_text(tmp_path):
    """TensorFlow accepts it, so worker '0' prints and saves, too."""
    chief, other = [
        Job('--epochs 1 --examples 64 --batch-size {} --checkpoint {}'.format(
            '9' * 30, tmp_path), TF_CONFIG=config)
        for config in cluster(('worker', '0'), ('worker', '1'))]
    assert 'val_loss' in chief.end(0)[0]
    assert other.end(0)[0] == ''
    # the temporary files of both are gone
    assert os.listdir(str(tmp_path)) == ['lenet5.h5']


@pytest.mark.parametrize('arguments, words', [
    ('--workers 0', 'argument --workers'), ('--devices x', 'positive'),
    ('--workers 2 --devices 2', 'not allowed'),
    ('--checkpoint /dev/null', "'/dev/null' is not a folder"),
    ('--workers ²', "'²' is not a positive integer"),
    ('--examples 33 --workers 2', 'argument --examples: 33 leave 1 for the '
     'last batch, too few to give each of 2 one'),
    ('--examples 50001', '50000'), ('--batch-size 2 --workers 3', '3')])
def test_wrong_arguments(arguments, words):
    """They are named before any process starts."""
    output, complaint = Job(arguments).end(2)
    assert output == '' and words in complaint


@pytest.mark.parametrize('config', [
    'worker 0', '[]', '{"task": {}}', '', '{"cluster": {"worker": ["a:1"]}}',
    '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}',
    '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": -1}'
    '}', '{"cluster": {"worker": ["a:1"]}, "task": {"type": "chief", "index": '
    '0}}', '{"cluster": {"worker": ["a:1"], "evaluator": ["a:2"]}, "task": {'
    '"type": "evaluator", "index": 0}}', '{"cluster": {"worker": ["a:1"], "ps"'
    ': ["a:2"]}, "task": {"type": "worker", "index": 0}}',
    '{"cluster": {"chief": ["a:1", "a:2"]}, "task": {"type": "chief", "index":'
    ' 0}}'])
def test_wrong_tf_config(config):
    """The message names it, what it holds and what would fit."""
    output, complaint = Job('--examples 64 --epochs 1', TF_CONFIG=config).end(
        1)
    assert output == '' and complaint.startswith('TF_CONFIG is ')
    assert config in complaint and '"index": 0' in complaint
