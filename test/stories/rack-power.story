# A rack loses power: one incident, not five repairs. Nothing is replaced, and all is well when power is back.
fleet racks=3 machines=15 spares=2
boot all
show from 04:00
at 05:00 rack-off 1
at 40:00 rack-on 1
run until 50:00
----
04:00 15 healthy; 3 control planes, 10 workers
05:06 wait: 3 of 5 machines of rack 1 are silent together since 0s ago, so its switch, its power or our link to it is suspected; waits until fewer than 3 are, or an operator lifts the hold on rack/1
05:12 wait: 5 of 15 machines of the fleet are silent together since 0s ago, so our own link or the network is suspected; waits until fewer than 5 are, or an operator lifts the hold on fleet
40:13 wait no more: fleet
40:20 wait no more: rack/1
