#!/usr/bin/env python3
"""Say whether an answer to the course is right, and if not, why.

    check/check.py FOLDER [FOLDER ...]

The idea: pytest asks every answer the same questions. The answer itself runs
in a process of its own, in a copy of its folder. Beware: its code is executed.
Run the answers of strangers in a container.
"""
import argparse
import csv
import json
import os
import shutil
import stat
import sys
import tempfile
import textwrap

CHECK = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(CHECK)
sys.path.insert(0, CHECK)

import pytest  # noqa: E402

import cases  # noqa: E402
import lenet  # noqa: E402
import rules  # noqa: E402
from answer import Answer, Failure  # noqa: E402

LARGE = 2 ** 20     # files of more bytes than this are not copied
LINE = '{:<20}{:<8}{:>6}{:>8}   {}'
# the calls that ours and the answer are timed on: ten 28x28 images, 3x3
# windows
TIMED = {
    '0-conv_forward.py':
    'conv_forward(np.ones((10, 28, 28, 1)), np.ones((3, 3, 1, 2)), '
    'np.ones((1, 1, 1, 2)), np.positive)',
    '1-pool_forward.py': 'pool_forward(np.ones((10, 28, 28, 2)), (3, 3))',
    '2-conv_backward.py':
    'conv_backward(np.ones((10, 28, 28, 2)), np.ones((10, 28, 28, 1)), '
    'np.ones((3, 3, 1, 2)), np.ones((1, 1, 1, 2)))',
    '3-pool_backward.py':
    'pool_backward(np.ones((10, 26, 26, 2)), np.ones((10, 28, 28, 2)), '
    '(3, 3))'}


def kept(folder, names):
    """Return the names in a folder that are not to be copied."""
    left_out = []
    for name in names:
        path = os.path.join(folder, name)
        mode = os.lstat(path).st_mode
        if name.startswith('.') or name == '__pycache__' or not (
                stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
            left_out.append(name)
        elif stat.S_ISREG(mode) and os.path.getsize(path) > LARGE:
            left_out.append(name)
        elif os.path.exists(os.path.join(path, 'pyvenv.cfg')):
            left_out.append(name)
    return left_out


def title(question):
    """Return the name of a question for the reports."""
    if question is None:
        return 'it can be imported'
    if callable(question):
        return 'rules: ' + question.__doc__
    return question.name if isinstance(question, cases.Case) else \
        question.title


class Judge:
    """A pytest plugin that asks the questions and keeps the results."""

    def __init__(self, folders, files, limit, memory, finished):
        """Store what to judge, and what to call when a file has been judged.

        folders gives the name of the answer in each copy: {copy: name}.
        """
        self.folders, self.files, self.finished = folders, files, finished
        self.limit, self.memory = limit, memory
        self.current, self.results = None, {}

    def questions(self, test, folder, file):
        """Return the questions that a test asks about a file."""
        if not os.path.isfile(os.path.join(folder, file)):
            return [rules.is_there] if test == 'test_rule' else []
        if test == 'test_rule':
            return rules.RULES
        if test == 'test_import':
            return [None]
        if test == 'test_case':
            return cases.cases(file)
        return lenet.QUESTIONS if file[0] in '45' else []

    def pytest_generate_tests(self, metafunc):
        """Run a test for each file of each answer, with each question."""
        found = [((folder, file), question)
                 for folder in self.folders for file in self.files
                 for question in self.questions(metafunc.function.__name__,
                                                folder, file)]
        metafunc.parametrize(
            'answer, question', found, indirect=['answer'],
            ids=[self.name(*at, question) for at, question in found])

    def name(self, folder, file, question):
        """Return the name of a case in JUnit's XML and for Gradescope."""
        shown = self.folders[folder] + ', ' if len(self.folders) > 1 else ''
        return '{}{}: {}'.format(shown, file, title(question))

    def pytest_collection_modifyitems(self, items):
        """Sort the tests, so that one file is finished before the next."""
        order = {(folder, file): (i, j)
                 for i, folder in enumerate(self.folders)
                 for j, file in enumerate(self.files)}
        # pytest adds a placeholder item for a test without questions
        items[:] = [item for item in items
                    if item.callspec.params['answer'] in order]
        items.sort(key=lambda item: order[item.callspec.params['answer']])
        self.params = {item.nodeid: item.callspec.params for item in items}
        for item in items:
            self.results.setdefault(item.callspec.params['answer'], [])

    @pytest.fixture
    def answer(self, request):
        """Return a file of an answer; only one has a process at a time."""
        if self.current is None or request.param != (self.current.folder,
                                                     self.current.file):
            self.stop()
            self.current = Answer(*request.param, self.limit, self.memory)
        return self.current

    def stop(self):
        """End the process, and report that the file has been judged."""
        if self.current is not None:
            done, self.current = self.current, None
            try:
                self.finished(done, self.results[done.folder, done.file])
            finally:
                done.stop()

    def pytest_runtest_logreport(self, report):
        """Keep the result of a test."""
        if report.when != 'call' and report.outcome == 'passed':
            return
        params = self.params[report.nodeid]
        text = report.longrepr
        if report.outcome == 'skipped':
            text = text[2].replace('Skipped: ', '')
        self.results[params['answer']].append({
            'name': self.name(*params['answer'], params['question']),
            'title': title(params['question']), 'outcome': report.outcome,
            'text': str(text or ''),
            'note': dict(report.user_properties).get('note', '')})


def mark(results):
    """Return what a task's line says: ok, wrong or missing."""
    if all(result['outcome'] == 'passed' for result in results):
        return 'ok'
    return 'missing' if len(results) == 1 else 'wrong'


def count(results, of_rules):
    """Return how many rules or cases pass, out of how many."""
    asked = [result for result in results
             if result['title'].startswith('rules: ') == of_rules]
    return '{}/{}'.format(sum(result['outcome'] == 'passed'
                              for result in asked), len(asked))


def three_digits(number):
    """Return a positive number as text, rounded to three digits.

    >>> [three_digits(number) for number in (3570.6, 467.2, 0.98765)]
    ['3,570', '467', '0.988']
    """
    return '{:,g}'.format(float('{:.3g}'.format(number)))


def faster(answer):
    """Return, as text, how many times as fast ours is.

    Both are timed in new processes, as memory is quicker to get in one that
    has had it before.
    """
    times = []
    for folder in (answer.folder, ROOT):
        timed = Answer(folder, answer.file, answer.limit, answer.memory)
        try:
            times.append(timed.ask('time', TIMED[answer.file]))
        except Failure:
            return ''
        finally:
            timed.stop()
    return 'ours is {} times as fast'.format(three_digits(times[0] / times[1]))


def say(text):
    """Print a text; if nobody reads on (`| head`), go on without.

    The reports are still to be written, and the exit code still counts.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, 'w')


def row(answer, results):
    """Print the line of a task."""
    speed = ''
    if mark(results) == 'ok' and answer.file in TIMED:
        speed = faster(answer)
    say(LINE.format(answer.file, mark(results), count(results, True),
                    count(results, False), speed).rstrip())


def failures(results):
    """Print an answer's failures; of similar ones, one and the other names."""
    alike = {}
    for result in results:
        if result['outcome'] != 'passed':
            lines = result['text'].split('\n')
            looks = [line for line in lines if line.startswith('Looks')]
            alike.setdefault((looks or lines)[0], []).append(result)
    for same in alike.values():
        lines = same[0]['text'].split('\n')
        if len(same) > 1:
            lines.append('The same goes for: {}.'.format(listed(
                [result['title'] for result in same[1:]])))
        paragraph(same[0]['name'], lines)
    notes = {}
    for result in results:
        if result['note']:
            notes.setdefault(result['note'], []).append(result['name'])
    for note, names in notes.items():
        paragraph('Note on ' + listed(names), [note])


def listed(names):
    """Return the first four names as a text, and how many more there are.

    >>> listed(['max', 'avg']), listed(list('abcdef'))
    ('max; avg', 'a; b; c; d; 2 more')
    """
    more = ['{} more'.format(len(names) - 4)] * (len(names) > 4)
    return '; '.join(names[:4] + more)


def paragraph(heading, lines):
    """Print lines under a heading, wrapped at 79 characters.

    Code that can be pasted stays on one line.
    """
    # a path stays whole, even if it is long or has hyphens
    whole = {'break_long_words': False, 'break_on_hyphens': False}
    say('\n' + textwrap.fill(heading, 79, **whole))
    for line in lines:
        say('    ' + line if line.startswith('Try it') else textwrap.fill(
            line, 79, initial_indent='    ', subsequent_indent='    ',
            **whole))


def write_json(path, results):
    """Write what Gradescope's autograder reads."""
    tests = [{'name': result['name'],
              'status': 'passed' if result['outcome'] == 'passed' else
              'failed',
              'score': float(result['outcome'] == 'passed'), 'max_score': 1.,
              'output': result['text'] or result['note']}
             for result in results]
    with open(path, 'w') as file:
        json.dump({'tests': tests}, file, indent=1)
        file.write('\n')


def write_csv(path, table):
    """Write the table of several answers."""
    with open(path, 'w', newline='') as file:
        csv.writer(file, lineterminator='\n').writerows(table)


def selected(text):
    """Return the files that a text such as '0-3,5' stands for."""
    chosen = set()
    for part in text.split(','):
        first, _, last = part.partition('-')
        chosen |= set(range(int(first), int(last or first) + 1))
    files = [file for file in rules.TASKS if int(file[0]) in chosen]
    if len(files) != len(chosen):
        raise argparse.ArgumentTypeError('there are tasks 0 to 5')
    return files


def positive(text):
    """Return a text as a number, if it is positive."""
    if not 0 < float(text) < 1e6:
        raise argparse.ArgumentTypeError('{} is not positive'.format(text))
    return float(text)


def report(path):
    """Return the path of a report, if a file can be written there."""
    folder = os.path.dirname(os.path.abspath(path))
    if os.path.isdir(path):
        raise argparse.ArgumentTypeError('{} is a folder'.format(path))
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise argparse.ArgumentTypeError('{} is no folder to write into'
                                         .format(folder))
    return path


def arguments():
    """Return the command-line arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__.split('\n')[0], epilog='It runs the answers: '
        'those of strangers belong in a container.')
    parser.add_argument('folders', metavar='FOLDER', nargs='+')
    parser.add_argument('--only', type=selected, metavar='TASKS', default=list(
        rules.TASKS), help="such as 0-3 or 2,4 (all)")
    parser.add_argument('--limit', type=positive, default=20,
                        help='seconds for each case (20)')
    parser.add_argument('--memory', type=positive, default=2,
                        help='GiB for the process of an answer (2)')
    parser.add_argument('--json', type=report, metavar='FILE',
                        help='for Gradescope')
    parser.add_argument('--junitxml', type=report, metavar='FILE',
                        help='for CI systems')
    parser.add_argument('--csv', type=report, metavar='FILE',
                        help='the table')
    return parser.parse_args()


def copies(folders, files, to):
    """Copy each folder; return {copy: name}, or exit with a message."""
    found = {}
    for n, folder in enumerate(folders):
        if not os.path.isdir(folder):
            sys.exit('check.py: {} is no folder'.format(folder))
        if not any(os.path.isfile(os.path.join(folder, file))
                   for file in files):
            sys.exit('check.py: {} holds none of {}'.format(
                folder, ', '.join(files)))
        copy = os.path.join(os.path.realpath(to), str(n))
        try:
            shutil.copytree(folder, copy, symlinks=True, ignore=kept)
        except (OSError, shutil.Error) as error:
            sys.exit('check.py: {} cannot be copied: {:.200}'.format(
                folder, str(error)))
        found[copy] = os.path.normpath(folder)
    return found


def judged(args, folders):
    """Judge copies of answers; return {(copy, file): results}."""
    several = len(folders) > 1
    judge = Judge(folders, args.only, args.limit, int(args.memory * 2 ** 30),
                  (lambda *_: None) if several else row)
    options = ['-s', '-p', 'no:terminal', '-p', 'no:cacheprovider',
               '--rootdir', CHECK]
    if args.junitxml:
        options += ['--junitxml', args.junitxml]
    if not several:
        say(LINE.format('', '', 'rules', 'cases', '').rstrip())
    code = pytest.main(options + [os.path.join(CHECK, 'questions.py')],
                       plugins=[judge])
    judge.stop()
    if code not in (0, 1):
        sys.exit('check.py: stopped' if code == 2 else
                 'check.py: pytest ended with code {}'.format(int(code)))
    return judge.results


def surroundings():
    """Keep pytest's plugins and a busy machine from changing the verdict."""
    os.environ['PYTEST_DISABLE_PLUGIN_AUTOLOAD'] = '1'
    os.environ.pop('PYTEST_ADDOPTS', None)
    for library in 'OPENBLAS', 'OMP':
        os.environ[library + '_NUM_THREADS'] = '1'
    os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')


def main():
    """Judge the answers, print the table and the failures."""
    args = arguments()
    surroundings()
    with tempfile.TemporaryDirectory() as to:
        folders = copies(args.folders, args.only, to)
        found = judged(args, folders)
    results = [result for part in found.values() for result in part]
    table = [['answer'] + [file[:-3] for file in args.only]] + [
        [shown] + [mark(found[folder, file]) for file in args.only]
        for folder, shown in folders.items()]
    if len(folders) > 1:
        width = max(map(len, folders.values())) + 2
        for line in table:
            say(line[0].ljust(width) + ''.join(
                cell.ljust(17) for cell in line[1:]))
    for folder in folders:
        failures([result for file in args.only
                  for result in found[folder, file]])
    try:
        if args.json:
            write_json(args.json, results)
        if args.csv:
            write_csv(args.csv, table)
    except OSError as error:
        sys.exit('check.py: a report cannot be written: {}'.format(error))
    return 0 if all(result['outcome'] == 'passed' for result in results) else 1


if __name__ == '__main__':
    sys.exit(main())
