# An operator retires a machine: it is tainted so that it drains, and leaves once it is retired.
fleet racks=2 machines=10 spares=1
boot all
show from 04:00
at 05:00 state s-002 retiring
at 10:00 state s-002 retired
run until 20:00
----
04:00 10 healthy; 3 control planes, 6 workers
05:00 s-002  healthy -> retiring   ordered by the operator
05:00 plan 8: taint s-002 as retiring: its machine is retiring since 2026-11-21T06:05:00Z
10:00 s-002  retiring -> retired   ordered by the operator
10:00 plan 9: remove s-002: its machine is retired
