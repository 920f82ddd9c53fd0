"""Runs a command on a pseudo terminal of its own: terminal.py 'WAIT-FOR=SEND' ... -- COMMAND...

Each pair is done in order: when the text has come, the other is typed (as JSON strings in one JSON list). All that the
terminal shows goes to standard output; the exit code is the command's.
"""
import json, os, pty, select, sys

steps = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
shown = b""
read_to = 0
while True:
    select.select([terminal], [], [])
    try:
        piece = os.read(terminal, 65536)
    except OSError:
        break
    if not piece:
        break
    shown += piece
    while steps:
        at = shown.find(steps[0][0].encode(), read_to)
        if at < 0:
            break
        read_to = at + len(steps[0][0].encode())
        os.write(terminal, steps.pop(0)[1].encode())
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
