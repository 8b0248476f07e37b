#!/bin/sh
# Makes the demo voice from phrases.txt: one mu-law file (12 kHz, mono, headerless) per line.
# Generator: espeak-ng (the formant synthesiser; its output carries no licence of its own) and sox.
set -eu
cd "$(dirname "$0")"
n=0
while IFS= read -r phrase; do
  n=$((n + 1))
  espeak-ng -v en-us+f3 -s 165 -p 45 --stdout "$phrase" |
    sox -t wav - -r 12000 -c 1 -e mu-law -t raw "answer-$n.ul" norm -3
done < phrases.txt
