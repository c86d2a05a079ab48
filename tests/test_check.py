#!/usr/bin/env python3
"""The checker judges right, wrong and hostile answers correctly."""
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import textwrap
import time
import xml.etree.ElementTree
from importlib.metadata import version

import numpy as np
import psutil
import pytest

import cases
import lenet
import mistakes
import questions
import rules
import worker
from conftest import ROOT, TESTS, source, start
from mistakes import HALVES

CHECK = os.path.join(ROOT, 'check')
LOOPS = os.path.join(ROOT, 'lesson', 'loops.py')
ANSWERS = os.path.join(TESTS, 'answers')
FILES = ['0-conv_forward.py', '1-pool_forward.py', '2-conv_backward.py',
         '3-pool_backward.py']
CONV, POOL, CONV_BACK, POOL_BACK = FILES
GRAPH, KERAS = '4-lenet5.py', '5-lenet5.py'
FIRST = '    kh, kw, _, c_new = W.shape'      # what conv_forward does
# known mistakes in other words than those of mistakes.py, with their advice
OTHERWISE = {
    POOL: [('modifies its argument A_prev', '    return A',
            '    A_prev[...] = 0\n    return A'),
           ('average where the maximum is asked for', '.max()', '.mean()')],
    CONV_BACK: [('turned by 180 degrees', '+= W[..., k]',
                 '+= W[::-1, ::-1, :, k]')]}


def run(*args, prefix=(), **options):
    """Run the checker; return its exit code and its output."""
    result = subprocess.run(
        [*prefix, sys.executable, os.path.join(CHECK, 'check.py'),
         *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        **options)
    return result.returncode, result.stdout.decode('utf-8', 'replace')


def computed():
    """Return the seconds that processes which have ended have computed.

    The machine may be busy, so the clock says little.
    """
    return sum(os.times()[2:4])


def judge(*args):
    """Run the checker; return its exit code, its output and its results."""
    path = f'{args[0]}.json'
    code, text = run(*args, '--json', path)
    with open(path) as file:
        return code, text, json.load(file)['tests']


def judge_each(folders, *args):
    """Judge several folders in one run; return what it prints, and a list.

    The list has, for each folder, the results, all that they say, and the
    report. One run for several is quicker, as the right results are computed
    only once.
    """
    _, text, tests = judge(*folders, *args)
    found = []
    for folder in folders:
        begin = f'{folder}, '
        ones = [dict(test, name=test['name'][len(begin):]) for test in tests
                if test['name'].startswith(begin)]
        report = text.split(f'== {folder}\n')[1].split('\n== ')[0]
        found.append((ones, '\n'.join(test['output'] for test in ones),
                      report))
    return text, found


def verdicts(text):
    """Return {file: (results, rules, verdict)} of a printed table."""
    return {line[:19].strip(): (line[19:26].strip(), line[26:33].strip(),
                                line[36:])
            for line in text.split('\n')[1:] if re.match(r'\d-\S+\.py ', line)}


def one_line(text):
    """Return a text as one line, as the checker may wrap it anywhere."""
    return ' '.join(text.split())


def failing(tests):
    """Return the names of the cases that fail."""
    return [test['name'] for test in tests if test['status'] != 'passed']


def change(path, *changes):
    """Replace texts in a file, old and new in turns; they must be there."""
    text = path.read_text()
    for old, new in zip(changes[::2], changes[1::2]):
        assert old in text, old
        text = text.replace(old, new)
    path.write_text(text)


def answer(folder, file=None, *changes):
    """Write an answer to all tasks, with changes in one; return its folder."""
    shutil.copytree(ANSWERS, str(folder),
                    ignore=shutil.ignore_patterns('__pycache__'))
    for name in FILES:
        shutil.copy(LOOPS, str(folder / name))
    if file:
        change(folder / file, *changes)
    return folder


def test_ours_is_right(tmp_path):
    """Our answers to all six tasks pass within 90 s."""
    start = computed()
    folder = tmp_path / 'ours'
    folder.mkdir()
    for file in FILES + [GRAPH, KERAS]:
        shutil.copy(os.path.join(ROOT, file), str(folder))
    code, text, tests = judge(folder)
    assert (code, failing(tests)) == (0, []), text
    found = verdicts(text)
    assert list(found) == FILES + [GRAPH, KERAS]
    for results, followed, verdict in found.values():
        assert results.split('/')[0] == results.split('/')[1] != '0'
        assert (followed, verdict) == ('6/6', 'right')
    assert text.endswith('\n\nAll right.\n') and text.count('\n') < 12
    assert 'accepted answers differ' not in text
    assert computed() - start < 90


def test_slow_loops_are_right(tmp_path):
    """Nested loops pass within 20 s, even if they take number by number."""
    folder = answer(tmp_path / 'slow', CONV, '(window * W[..., k]).sum()',
                    'sum(p * w for p, w in zip(window.flat, W[..., k].flat))')
    change(folder / CONV_BACK, 'dW[..., k] += A_pad[window] *', 'for at in '
           'np.ndindex(W[..., k].shape):\n                        '
           'dW[at + (k,)] += A_pad[window][at] *')
    start = computed()
    text = run(folder, '--only', '0-3', '--limit', '4')[1]
    assert [verdict.split(';')[0] for _, _, verdict in verdicts(
        text).values()] == 4 * ['right'], text
    assert computed() - start < 20


def test_each_mistake_is_recognised(tmp_path):
    """Each is blamed in its own file alone, and its advice comes first.

    The last of the table, an ignored stride, is planted in all files at once.
    """
    rows = {file: (OTHERWISE.get(file, []) + mistakes.rows(file))[::-1]
            for file in FILES}
    folders, planted = [], []
    for part in range(max(map(len, rows.values()))):
        folder, ones = answer(tmp_path / str(part)), {}
        for file in FILES:
            for advice, *changes in rows[file][part:part + 1]:
                change(folder / file, *changes)
                ones[file] = one_line(advice)
        folders, planted = folders + [folder], planted + [ones]
    text, found = judge_each(folders, '--only', '0-3')
    for folder, ones, (_, _, report) in zip(folders, planted, found):
        cells = re.search(f'^{re.escape(str(folder))} +(.*)', text,
                          re.MULTILINE).group(1)
        assert re.findall('[a-z]+', cells) == [
            'wrong' if file in ones else 'right' for file in FILES]
        assert report.count('\n') <= 60
        for file, advice in ones.items():
            # it stands in the file's first paragraph
            first = report.split(f'\n{file}, "')[1].split('\n\n')[0]
            assert advice in one_line(first), first


def test_two_parts_may_be_wrong_for_two_reasons(tmp_path):
    """That db has lost its shape does not hide that dA_prev is wrong."""
    folder = answer(tmp_path / 'two', CONV_BACK, 'dA_prev, dW, db',
                    'dA_prev, dW, db[0, 0, 0]', 'window] +=', 'window] =')
    text = run(folder, '--only', '2')[1]
    assert 'db lost its shape' in text and '`=` where `+=` belongs' in text


# what the course does not ask for: the file, and a change; some get a note
NOTED = {
    'an odd zero below': (CONV, HALVES,
                          'zeros // 2, zeros - zeros // 2'),
    'an odd zero raises': (CONV_BACK, '    m, h_new', '    assert padding !='
                           ' "same" or W.shape[:2] != (4, 2)\n    m, h_new'),
    'integers are kept': (POOL_BACK, 'np.zeros(A_prev.shape)',
                          'np.zeros_like(A_prev)'),
    'the average of integers is cut': (POOL, '(m, h_new, w_new, c))',
                                       '(m, h_new, w_new, c), A_prev.dtype)')}
UNASKED = {
    **NOTED,
    'not a number is ignored': (POOL, 'window[..., k].max()',
                                'np.nanmax(window[..., k])'),
    'type hints': (POOL, "mode='max'):", "mode: str = 'max'):"),
    'comparing types': (POOL, '    kh, kw = k', '    if type(mode) == type(1):'
                        '\n        return None\n    kh, kw = k'),
    'no blank after a keyword': (POOL, 'm, h_prev', 'assert(mode)\n'
                                 '    m, h_prev'),
    'the other line for Keras, and a seed': (
        KERAS, 'import tensorflow.keras as K',
        'from tensorflow import keras as K', 'he_normal()',
        'he_normal(seed=0)')}


def test_no_one_is_blamed_for_what_is_not_asked(tmp_path):
    """All is right, at most with a note."""
    folders = [answer(tmp_path / what, *changes)
               for what, changes in UNASKED.items()]
    for folder, (file, *_) in zip(folders, UNASKED.values()):
        for other in set(rules.TASKS) - {file}:
            (folder / other).unlink()
    _, found = judge_each(folders)
    for (what, (file, *_)), (tests, output, report) in zip(
            UNASKED.items(), found):
        wrong = [name for name in failing(tests) if name.startswith(file)]
        # the course's own pycodestyle complains of what newer ones do not
        assert wrong == [file + ': rules'] * ('E721' in output), what
        assert 'types' in what or 'E721' not in output
        assert ('accepted answers differ; --notes shows ' in report) == (
            what in NOTED), what
    text = run(folders[2], '--only', '3', '--notes')[1]
    assert text.endswith('All right.\n')
    assert 'Use np.zeros(A_prev.shape).' in one_line(text)


def line_of(text):
    """Return the number of the line of loops.py that is this text."""
    return source(LOOPS).split('\n').index(text) + 1


def hostile(folder, body, top=''):
    """Write a right answer to task 0 that does something else first."""
    return answer(
        folder, CONV, FIRST, textwrap.indent(body or 'pass', '    ') + '\n' +
        FIRST, 'import numpy as np\n', 'import numpy as np\n' + top)


FORGE = ('import os\nfor file in range(3, 99):\n    try:\n        '
         'os.write(file, {!r})\n    except OSError:\n        pass')
# what an answer does at stride (2, 2); what the checker says about it
LOSSES = {
    'loops for ever': ('while True:\n    pass', 'no result after 1 s'),
    'leaves Python': ('raise SystemExit(3)', 'SystemExit: 3'),
    'ends its process': ('__import__("os")._exit(3)', 'exit code 3'),
    'crashes': ('import os\nos.kill(os.getpid(), 11)', 'SIGSEGV'),
    'takes memory': ('np.ones(2 ** 30)', 'MemoryError'),
    'takes memory bit by bit': (
        'a = []\nwhile True:\n    a.append(bytes(2 ** 26))', 'MemoryError'),
    'reads': ('input()', 'EOFError'),
    'recurses': ('f = lambda n: f(n)\nf(0)', 'RecursionError'),
    'forges': (FORGE.format(b'{}\n'), 'it sent what is no result'),
    'forges an array': (FORGE.format(
        b'{"bytes": "", "dtype": "f8", "shape": [0]}\n'),
        'it sent what is no result'),
    'returns nothing': ('return', 'result is None, as if the `return` were '
                        'missing.'),
    'raises': ('raise KeyError(stride)', 'KeyError: (2, 2) (0-conv_forward.'
               f'py, line {line_of(FIRST) + 1})'),
}


def test_a_loss_is_one_cases(tmp_path):
    """Only the cases at stride (2, 2) fail, and they say what happened."""
    folders = [hostile(tmp_path / what, 'if stride == (2, 2):\n' +
                       textwrap.indent(body, '    '))
               for what, (body, _) in LOSSES.items()]
    _, found = judge_each(folders, '--only', '0', '--limit', '1', '--memory',
                          '1.5')
    for folder, (tests, output, report), (_, said) in zip(
            folders, found, LOSSES.values()):
        lost = [name for name in failing(tests) if 'rules' not in name]
        assert lost == ['0-conv_forward.py: ' + case.name
                        for case in cases.cases(CONV) if not case.note and
                        'stride=(2, 2)' in case.call], folder
        assert said in output
        # what happened five times is printed once
        assert one_line(report).count(said) == 1 + ('Begin' in report)
    # the last answer's call can be pasted, and fails as the checker says
    line = report.split('and paste:\n')[1].split('\n')[0].strip()
    result = subprocess.run([sys.executable, '-c', line], cwd=str(folder),
                            stderr=subprocess.PIPE)
    assert b'KeyError: (2, 2)' in result.stderr


RIGHT = np.full((1, 3, 3, 1), 2.)


@pytest.mark.parametrize('result, said', [
    (0 * RIGHT, 'result holds nothing but zeros.'),
    (RIGHT.astype('f2') + .01, 'result[0, 0, 0, 0] is 2.0'),
    (RIGHT * np.nan, 'result[0, 0, 0, 0] is nan, expected 2 (9 of 9 numbers'),
    (RIGHT[0], 'result has the shape (3, 3, 1), expected (1, 3, 3, 1).'),
    (RIGHT + 0j, 'result holds complex128, expected real numbers.'),
    (RIGHT.astype(object), 'result is ndarray: array('),
    ([[1.]], 'result is list [[1.0]], expected an array.'),
    (object(), 'result is object: <object object')])
def test_odd_results_are_described(result, said):
    """Whatever is returned gets through, and is said to be wrong."""
    sent = json.dumps({'value': result}, default=worker.packed)
    received = json.loads(sent, object_hook=worker.unpacked)['value']
    assert questions.difference('result', received, RIGHT).startswith(said)


# what else an answer does when it is imported, and when it is called
ODD_ANSWERS = {
    'prints': ('print("hello")\n', 'print(A_prev)'),
    'floods': ('', 'for _ in range(1000):\n    print("a" * 10000)'),
    'warns': ('', '__import__("warnings").warn("this")'),
    'closes': ('import sys\nsys.stdout.close()\n', ''),
    'seeds': ('np.random.seed(1)\n', 'np.seterr(all="raise")'),
    'starts a thread': (
        'import threading\n', 'threading.Thread('
        'target=threading.Event().wait, daemon=True).start()'),
    'forks': ('import os\nos.fork()\n', ''),
    'waits': ('', '__import__("time").sleep(len(A_prev) == 3 and 1.5)'),
    'spoils its neighbours': (
        '[open(f, "a").write("oops(") for f in __import__("os").listdir(".")]'
        '\n', ''),
    'imports a neighbour': (
        'pool_forward = __import__("1-pool_forward").pool_forward\n', ''),
    'deletes itself': ('', '__import__("os").path.exists(__file__) and '
                       '__import__("os").remove(__file__)')}


def test_odd_answers_may_be_right(tmp_path):
    """Every result is right; at most, rules are broken."""
    folders = [hostile(tmp_path / what, body, top)
               for what, (top, body) in ODD_ANSWERS.items()]
    before = [(folder / CONV).read_text() for folder in folders]
    text, found = judge_each(folders, '--only', '0,1', '--limit', '1')
    for what, (tests, *_) in zip(ODD_ANSWERS, found):
        assert all('rules' in name for name in failing(tests)), what
    assert len(text) < 10000
    assert [(folder / CONV).read_text() for folder in folders] == before


# what a file does instead of being imported; what the checker says of it
NO_IMPORT = [
    ('def f(:\n', 'SyntaxError'), ('import nothing_such\n', 'nothing_such'),
    ('import time\ntime.sleep(60)\n', 'no result after 5 s'),
    ('raise SystemExit\n', 'SystemExit'),
    ('1 / 0\n', f"line {line_of('import numpy as np') + 1}"),
    ('\0\n', 'null bytes')]


def test_a_file_that_cannot_be_imported(tmp_path):
    """The checker says so once and quickly, and judges the other files."""
    folders = [hostile(tmp_path / str(n), '', top)
               for n, (top, _) in enumerate(NO_IMPORT)]
    start = computed()
    text, found = judge_each(folders, '--only', '0,1', '--limit', '.5')
    assert computed() - start < 40
    for (tests, output, report), (_, said) in zip(found, NO_IMPORT):
        assert said in output and report.count(said) <= 3
        assert not any(name.startswith('1') for name in failing(tests))
        assert 'cannot be imported' in report


def test_many_endless_loops_end(tmp_path):
    """After three endless loops, each other case gets only one second."""
    folder = hostile(tmp_path / 'answer', 'while W.shape[3] in (2, 4):'
                     '\n    pass')
    start = computed()
    code, text, tests = judge(folder, '--only', '0', '--limit', '2')
    assert code == 1 and 3 < len(failing(tests)) < 20
    assert 'no result after 2 s' in text
    assert 'no result after 1 s' in json.dumps(tests)
    assert computed() - start < 40


def test_the_whole_run_ends_in_time(tmp_path):
    """What has been judged is reported; files have their share of the time.

    Waiting without computing counts by the clock alone.
    """
    folder = answer(tmp_path / 'answer', CONV, FIRST, '    __import__("time")'
                    '.sleep(60 * (A_prev.size == 28 * 28))\n' + FIRST)
    change(folder / CONV_BACK, 'import numpy as np', 'import numpy as np\n'
           'import time\ntime.sleep(60)')
    start = time.perf_counter()
    code, text, tests = judge(folder, '--only', '0-3', '--total', '20')
    assert time.perf_counter() - start < 30
    found = {file: verdict.split(';')[0]
             for file, (_, _, verdict) in verdicts(text).items()}
    assert code == 1 and found == {
        CONV: 'not judged', POOL: 'right', CONV_BACK: 'not judged',
        POOL_BACK: 'right'}
    assert f'{CONV}: the time is over' in text
    assert all(test['max_score'] == 0 for test in tests
               if test['name'].startswith((CONV, CONV_BACK)))


def stub(file):
    """Return a file whose function returns nothing."""
    signature, line = rules.TASKS[file]
    return (f'#!/usr/bin/env python3\n"""A stub."""\n{line}\n\n\n'
            f'def {signature}:\n    """Do it."""\n')


def test_a_stub_earns_nothing(tmp_path):
    """A function that returns None has no result right, nor a file missing.

    Both have as many points to earn as a right answer.
    """
    folder = tmp_path / 'stubs'
    folder.mkdir()
    for file in FILES[:3] + [GRAPH, KERAS]:
        (folder / file).write_text(stub(file))
        os.chmod(str(folder / file), 0o755)
    (folder / '3_pool_backward.py').write_text('')
    code, text, tests = judge(folder)
    assert code == 1 and sum(test['score'] for test in tests) == 0
    assert text.count('\n') <= 60
    found = verdicts(text)
    assert found.pop(POOL_BACK) == ('', '', 'missing')
    for results, followed, verdict in found.values():
        assert results.startswith('0/') and followed == '6/6'
        assert verdict == 'wrong'
    assert text.count('is None, as if the `return` were missing') >= 2
    assert 'the folder holds 3_pool_backward.py instead' in text
    assert [test['name'] for test in tests] == [
        f'{file}: {title}' for file in rules.TASKS
        for title in questions.Verdict(file).titles + ['rules']]


def test_all_six_files_take_60_lines():
    """They share the lines, and each is named."""
    verdicts = [questions.Verdict(file) for file in rules.TASKS]
    for verdict in verdicts:
        verdict.word = 'wrong'
        verdict.rules = {rule.__name__: 'long ' * 99 for rule in rules.RULES}
        verdict.faults = [questions.Fault(title, text=title + ' no' * 99)
                          for title in verdict.titles]
    report = importlib.import_module('check').report
    lines = report(verdicts, False, False)
    assert len(verdicts) + 1 + len(lines) <= 60
    for verdict in verdicts:
        assert any(line.startswith(verdict.file) for line in lines)
    assert len(report(verdicts, True, False)) > 60


# bytes of a file, what stands there instead, and what is said of it
RULES = [
    (b'/usr/bin/env', b'/usr/bin', "the first line is '#!/usr/bin python3'"),
    (b'\n', b'\r\n', 'Save the file with Unix line ends'),
    (b'return activation(Z + b)\n', b'return activation(Z + b)',
     'W292 no newline at end of file'),
    (b'import numpy as np', b'import math\nimport numpy as np',
     "'import math'; the task allows 'import numpy as np'"),
    (b'"""Return activation(Z): Z is each window times each kernel, plus b.'
     b'"""', b'pass', 'there is no docstring for conv_forward.'),
    (b'"same"', b'"valid"', "the task says 'def conv_forward"),
    (b'import numpy', b'def f(:\nimport numpy', 'syntax'),
    # files are read as Python reads them
    (b'#!', b'\xef\xbb\xbf#!', ''),
    (b'python3\n', b'python3\n# -*- coding: latin-1 -*-\n# \xe9\n', '')]


def test_rules_are_judged(tmp_path):
    """The rule that a file breaks is named, and no other."""
    folders = [tmp_path / str(n) for n in range(len(RULES))]
    for folder, (old, new, _) in zip(folders, RULES):
        text = source(LOOPS).split('\n\n\ndef pool_forward')[0] + '\n'
        assert old in text.encode()
        folder.mkdir()
        (folder / CONV).write_bytes(text.encode().replace(old, new))
        (folder / CONV).chmod(0o755)
    _, found = judge_each(folders, '--only', '0')
    for (tests, *_), (*_, said) in zip(found, RULES):
        output = tests[-1]['output']
        assert bool(said) == bool(output) and said in one_line(output)
        assert output.count('\n') == 0


def test_reports(tmp_path):
    """JUnit's XML and the table hold the results of several answers."""
    one = answer(tmp_path / 'one')
    two = answer(tmp_path / 'two', POOL, '.mean()', '.sum()')
    (two / POOL_BACK).unlink()
    code, text, tests = judge(
        one, two, tmp_path / 'nowhere', '--only', '1,3', '--junitxml',
        tmp_path / 'junit.xml')
    assert code == 1
    rows = [re.split('  +', line) for line in text.split('\n')[:4]]
    assert rows[0] == ['answer', '1-pool_forward', '3-pool_backward', 'rules']
    assert rows[1] == [str(one), 'right', 'right', '12/12']
    assert rows[2][0] == str(two) and re.match(r'wrong \d+/\d+$', rows[2][1])
    assert rows[2][2:] == ['missing', '6/6']
    assert rows[3][1:] == ['missing', 'missing', '0/0']
    found = xml.etree.ElementTree.parse(str(tmp_path / 'junit.xml'))
    assert len(found.findall('.//testcase')) == len(tests)
    assert len(found.findall('.//failure')) == len(failing(tests))
    for test in tests:
        assert set(test) == {'name', 'status', 'score', 'max_score', 'output'}
        assert (test['max_score'] == 0) == test['name'].endswith(': rules')


def test_a_bad_submission_is_a_row(tmp_path):
    """The answers beside it are judged; a folder below is found."""
    deep = tmp_path / 'deep' / 'supervised_learning'
    deep.mkdir(parents=True)
    answer(deep / 'cnn')
    linked = tmp_path / 'linked'
    linked.mkdir()
    for file in FILES:
        os.symlink(LOOPS, str(linked / file))
    (tmp_path / 'empty').mkdir()
    os.mkfifo(str(answer(tmp_path / 'strange') / 'pipe.py'))
    (tmp_path / 'strange' / 'large.py').write_text('#' * 2 ** 21)
    names = 'empty', 'deep', 'linked', 'strange'
    _, found = judge_each([tmp_path / name for name in names], '--only', '1')
    assert [failing(tests) == [] for tests, *_ in found] == [
        False, True, True, True]


@pytest.mark.parametrize('sent', [None, signal.SIGINT, signal.SIGTERM,
                                  signal.SIGHUP])
def test_nothing_is_left(tmp_path, sent):
    """No file and no process, and the report says how the run has ended."""
    room = tmp_path / 'temporary'
    room.mkdir()
    folder, path = answer(tmp_path / 'answer'), tmp_path / 'json'
    if sent:
        change(folder / POOL, 'm, h_prev', 'while True:\n        pass\n    '
               'm, h_prev')
    checker = start(
        os.path.join(CHECK, 'check.py'), folder, '--json', path, '--only',
        '0,1', env=dict(os.environ, TMPDIR=str(room)), preexec_fn=lambda:
        signal.signal(signal.SIGHUP, signal.SIG_DFL))   # ignored under nohup
    if sent:
        for _ in range(2):          # the heading, and the first file
            assert checker.stdout.readline()
        while not checker.children():
            time.sleep(.01)
        started = checker.children()
        checker.send_signal(sent)
    text, errors = checker.communicate()
    assert 'Traceback' not in errors and not (sent and '1-pool' in text)
    tests = json.loads(path.read_text())['tests']
    assert failing(tests) == (['check'] if sent else [])
    assert tests[-1]['output'] == ('stopped' if sent else '')
    assert len(tests) > 20 and os.listdir(str(room)) == []
    if sent:
        assert psutil.wait_procs(started, timeout=9)[1] == []


def test_ctrl_c_while_the_style_is_judged(monkeypatch):
    """It ends the checker, though pycodestyle catches it elsewhere."""
    def check_all(checker, **how):
        """Get Ctrl-C."""
        raise KeyboardInterrupt

    monkeypatch.setattr('pycodestyle.Checker.check_all', check_all)
    with pytest.raises(KeyboardInterrupt):
        rules.broken(os.path.join(ROOT, CONV))


# other settings, besides variables: files in the current folder
SETTINGS = {
    'no docstrings': {'PYTHONOPTIMIZE': '2'},
    'warnings are errors': {'PYTHONWARNINGS': 'error'},
    'another Keras': {'HOME': '.', 'KERAS_HOME': '.keras',
                      'KERAS_BACKEND': 'torch'},
    'English letters alone': {'LC_ALL': 'C', 'PYTHONIOENCODING': 'ascii',
                              'PYTHONUTF8': '0'}}


@pytest.mark.parametrize('what', SETTINGS)
def test_other_settings_change_nothing(tmp_path, what):
    """The verdict is the same, every report is whole, and nothing is left."""
    here = tmp_path / 'here'
    (here / '.keras').mkdir(parents=True)
    (here / '.keras' / 'keras.json').write_text(
        '{"image_data_format": "channels_first", "floatx": "float64"}')
    for name in 'random', 'numbers', 'inspect', 'answer', 'cases':
        (here / (name + '.py')).write_text('raise SystemExit(name)\n')
    folder = answer(here / 'my answer', CONV, 'if padding ==',
                    'if stride == (3, 3):\n        raise ValueError("\u00e9'
                    '\\ud800\\x1b[2J")\n    if padding ==')
    (here / 'tmp').mkdir()
    setting = {name: str(here / value) if name.endswith('HOME') else value
               for name, value in SETTINGS[what].items()}
    code, text = run(folder, '--only', '0,5' if 'Keras' in what else '0,1',
                     '--json', 'report.json', '--junitxml', 'report.xml',
                     cwd=str(here), env=dict(
                         os.environ, TMPDIR=str(here / 'tmp'), **setting))
    assert not os.listdir(str(here / 'tmp'))
    found = verdicts(text)
    assert code == 1 and found.pop(CONV)[2] == 'wrong'
    assert all(verdict == 'right' for _, _, verdict in found.values())
    assert '\\ud800\\x1b[2J' in text
    tests = json.loads((here / 'report.json').read_text())['tests']
    assert len(xml.etree.ElementTree.parse(str(here / 'report.xml')).findall(
        'testcase')) == len(tests) > len(failing(tests)) > 0


@pytest.mark.parametrize('to', ['| head -1', '>/dev/full', '>&-'])
def test_printing_may_fail(tmp_path, to):
    """The judging ends as usual, and reports are written."""
    folder = answer(tmp_path / 'answer', POOL, '.mean()', '.sum()')
    command = '"{}" "{}" {} --only 1 --json {} 2>{}; echo $? >{}'.format(
        sys.executable, os.path.join(CHECK, 'check.py'), folder,
        *(tmp_path / name for name in ('json', 'errors', 'code')))
    subprocess.check_call(['sh', '-c', f'({command}) {to}'])
    assert (tmp_path / 'code').read_text() == '1\n'
    assert (tmp_path / 'errors').read_text() == ''
    assert json.loads((tmp_path / 'json').read_text())['tests']


def test_our_own_data_are_missing(tmp_path):
    """That is said in one line, and no answer is called wrong."""
    for name in 'check', 'lesson':
        shutil.copytree(os.path.join(ROOT, name), str(tmp_path / name))
    (tmp_path / 'data').mkdir()
    (tmp_path / 'data' / 'ten.npz').write_text('version of large files')
    code, text = run(answer(tmp_path / 'answer'), prefix=(
        'sh', '-c', 'exec "$1" "$0/check/check.py" "$3" --json "$0/json"',
        str(tmp_path)))
    assert code == 3 and text.count('\n') == 1
    assert 'see data/README.md' in text
    test, = json.loads((tmp_path / 'json').read_text())['tests']
    assert test['status'] == 'failed' and 'data/README.md' in test['output']


@pytest.mark.parametrize('args, said', [
    ([ROOT, '--only', '7'], 'there are tasks 0 to 5'),
    ([ROOT, '--only', '3-0'], 'there are tasks 0 to 5'),
    ([ROOT, '--only', 'x'], 'invalid'),
    ([ROOT, '--limit', '-1'], 'not positive'),
    ([ROOT, '--json', '/no/where'],
     '/no/where cannot be written: No such file or directory'),
    ([ROOT, '--json', ROOT], 'cannot be written: Is a directory')])
def test_wrong_commands_are_refused(args, said):
    """A wrong command is refused in one line, besides argparse's usage."""
    code, text = run(*args)
    assert code == 3 and said in text and 'Traceback' not in text


def test_pages_show_what_is_printed(tmp_path):
    """The page shows three reports as they are; README has a part of one.

    If all results are right and a rule is broken, the exit code is 2.
    """
    mean = answer(tmp_path / 'mean', POOL, '.mean()', '.sum()')
    rule = answer(tmp_path / 'rule')
    os.chmod(str(rule / CONV_BACK), 0o644)
    codes, printed = zip(*(run(folder, '--only', '0-3') for folder in (
        answer(tmp_path / 'right'), mean, rule)))
    shown = re.findall('```text\n(.*?)```', source('check', 'README.md') +
                       source('README.md'), re.DOTALL)
    assert codes == (0, 1, 2) and tuple(shown[:3]) == printed
    assert printed[1].count('\n') <= 25 and shown[3] in printed[1]


# a network: whose file, the file, the old text, the new text, expected words
NETWORKS = [
    (ROOT, GRAPH, 'scale=2.0', 'scale=1.0', 'scale=1.0, the default'),
    (ROOT, GRAPH, 'entropy(y, logits)', 'entropy(y, y_pred)',
     'The loss is given the softmax'),
    (ROOT, GRAPH, 'AdamOptimizer()', 'AdamOptimizer(0.01)',
     'the learning rate is 0.01, expected the default, 0.001'),
    (ROOT, GRAPH, 'A, 120, 84, tf.nn.relu', 'A, 120, 84',
     'The fully connected layer of 84 has no ReLU'),
    (ROOT, KERAS, "'he_normal'}", "'glorot_uniform'}",
     "Glorot's, the default"),
    (ROOT, KERAS, "'he_normal'}", "'he_uniform'}", 'as of he_uniform'),
    (ROOT, KERAS, ", metrics=['accuracy']", '', 'the accuracy is no metric')
] + [(ANSWERS, KERAS, *changes) for changes in (
    ("='adam'", '=K.optimizers.Adam(amsgrad=True)', 'Adam is given amsgrad'),
    ("='adam'", '=K.optimizers.Adam(clipnorm=.1)', 'Adam is given clipnorm'),
    ('    Y = ', '    A = K.layers.Dropout(.5)(A)\n    Y = ', 'no Dropout'),
    ('    Y = ', '    A = K.layers.GaussianNoise(.5)(A)\n    Y = ',
     'no Dropout and no noise'),
    ('model = K.Model(inputs=X, outputs=Y)', 'model = K.Sequential([K.layers.'
     'Flatten(), K.layers.Dense(10)])', 'build it from X'))]


@pytest.mark.parametrize('folder, file, old, new, said', NETWORKS)
def test_each_mistake_in_a_network_is_described(folder, file, old, new, said):
    """The questions find it, asked in this process to save time."""
    networks = importlib.import_module('networks')
    text, names = source(folder, file), {}
    assert old in text
    exec(text.replace(old, new), names)
    try:
        network = {GRAPH: networks.Graph, KERAS: networks.Model}[file](
            names['lenet5'])
        found = sum((question.judge(getattr(network, question.call)(), file)
                     for question in lenet.QUESTIONS[:-1]), [])
    except ValueError as error:
        found = [str(error)]
    assert said in ' '.join(found)


def test_networks_as_students_write_them(tmp_path):
    """They pass, but task 4 only where TensorFlow still has tf.layers.

    What TensorFlow 1 alone can run is not judged, and not called wrong.
    """
    old = answer(tmp_path / 'old', GRAPH, 'tensorflow.compat.v1', 'tensorflow')
    code, text = run(old, '--only', '4,5')
    assert verdicts(text)[KERAS][2] == 'right'
    results, _, verdict = verdicts(text)[GRAPH]
    if tuple(map(int, version('tensorflow').split('.')[:2])) < (2, 16):
        assert (results, verdict.split(';')[0]) == ('6/6', 'right')
    else:
        assert (code, results, verdict.split(';')[0]) == (1, '', 'not judged')
        assert 'Judge this file with PYTHON=python3.8.' in one_line(text)
    change(old / GRAPH, 'tf.keras.initializers.VarianceScaling(scale=2.0)',
           'tf.contrib.layers.variance_scaling_initializer()')
    code, text = run(old, '--only', '4')
    assert (code, verdicts(text)[GRAPH][0]) == (1, '')
    assert 'written for TensorFlow 1' in one_line(text)
