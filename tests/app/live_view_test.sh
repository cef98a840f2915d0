#!/usr/bin/env bash
# live_view_test.sh GRADVITALS: the live view in a terminal of tmux. It starts, says what is wrong, fits the
# terminal when that changes its size, and leaves it clean: at the end, at the first and at the second Ctrl-C,
# while it is stopped by Ctrl-Z, and where its input is no history.
set -uo pipefail

program=${1:?usage: live_view_test.sh GRADVITALS}

if ! command -v tmux >/dev/null; then
  echo "skipped: tmux is not installed, and it is the terminal of this test"
  exit 77
fi

folder=$(mktemp -d)
socket=$folder/tmux
trap 'tmux -S "$socket" kill-server 2>/dev/null; rm -rf "$folder"' EXIT

in_tmux() { tmux -S "$socket" "$@"; }
screen() { in_tmux capture-pane -p; }
# "1 0": on the alternate screen, without a cursor.
terminal() { in_tmux display-message -p '#{alternate_on} #{cursor_flag}'; }

fail() {
  echo "failed: $1"
  echo "--- the screen"
  screen
  exit 1
}

# within WHAT COMMAND...: the command succeeds within a time that is enough on a busy machine, or the test fails.
within() {
  local what=$1 end=$((SECONDS + 60))
  shift
  until "$@"; do
    ((SECONDS < end)) || fail "$what"
    sleep 0.05
  done
}

shows() { screen | grep -qF -- "$1"; }
is_left() { [[ $(terminal) == "0 1" ]]; }
is_in_view() { [[ $(terminal) == "1 0" ]]; }

# Typed in pieces, so that no line of the shell that shows it looks as what it prints.
type_line() { in_tmux send-keys "$1" Enter; }

# clean WHAT: the shell has its screen, cursor and echo back.
clean() {
  within "$1: the alternate screen or the cursor is not given back" is_left
  type_line 'stty -a | grep -q " echo " && echo "echo"" on"; echo "di""d"'
  within "$1: the shell does not answer" shows did
  shows "echo on" || fail "$1: the terminal has no echo"
  type_line clear
  within "$1: the screen is not cleared" does_not_show did
}
does_not_show() { ! shows "$1"; }

start_terminal() {
  env -u NO_COLOR -u TMUX TERM=xterm LC_ALL=C.UTF-8 \
    tmux -S "$socket" -f /dev/null new-session -d -x 80 -y 24 "cd '$folder' && PS1='$ ' bash --norc --noprofile -i"
  within "no shell" shows '$'
}

# No more lines than rows, none of them wider than the columns: tmux would show what was cut as such.
fits() {
  local rows=$1
  [[ $(screen | wc -l) == "$rows" ]] && shows "$2"
}

start_terminal

# A training that is sick, at several sizes; the first Ctrl-C ends it with its report.
type_line "'$program' train --network exploding --steps 100000000 --live"
within "the view does not start" is_in_view
within "no verdict" shows "EXPLODING"
within "no place" shows "R2 backward factor since step 0"
shows "What to do" || fail "no advice"
in_tmux resize-window -x 40 -y 12
within "not drawn anew for 40x12" fits 12 "EXPLODING"
within "nothing for 40 columns" shows "Norm  "
in_tmux resize-window -x 120 -y 40
within "not drawn anew for 120x40" shows "Worst gradients of 8"
within "no way out" shows "Ctrl-C ends the training"
in_tmux resize-window -x 80 -y 24
in_tmux send-keys C-z
within "Ctrl-Z does not stop it" shows "Stopped"
clean "while stopped"
type_line fg
within "not shown again" is_in_view
within "no verdict after it was stopped" shows "EXPLODING"
in_tmux send-keys C-c
within "Ctrl-C does not end it" is_left
type_line 'echo "co""de $?"'
within "no exit code of an interruption" shows "code 130"
shows "VITAL SIGNS" || fail "no report after the view"
clean "after Ctrl-C"

# The alerts of the view stand on the terminal after it.
in_tmux resize-window -x 100 -y 60
type_line "'$program' train --network exploding --steps 300 --live 2>&1 >/dev/null | cat; echo code \$?"
within "without a terminal it does not end" shows "code 0"
shows "step 300 of 300" || fail "no lines without a terminal"
clean "without a terminal"
type_line "'$program' train --network exploding --steps 300 --live >/dev/null; echo code \$?"
within "it does not end" shows "code 0"
shows "R2 Backward factor" || fail "the alerts are gone after the view"
clean "at the end"

# The second Ctrl-C, in the middle of a step that takes seconds: the process ends there, without a report.
type_line "'$program' train --model 64-512-relu-512-relu-10 --data digits --batch 256 --device sim --live"
within "the view of a slow training does not start" is_in_view
in_tmux send-keys C-c
sleep 0.3
in_tmux send-keys C-c
within "two Ctrl-C do not end it" is_left
type_line 'echo "co""de $?"'
within "no exit code of two Ctrl-C" shows "code 130"
! shows "VITAL SIGNS" || fail "the second Ctrl-C does not end it at once"
clean "after two Ctrl-C"

# A run elsewhere, that is followed before it begins.
type_line "'$program' report run.jsonl --follow --color never; echo code \$?"
within "it does not wait for the file" shows "there is no run.jsonl yet"
"$program" train --network relu --steps 400 --history "$folder/run.jsonl" >/dev/null 2>&1
within "the run is not followed" shows "step 399"
in_tmux resize-window -x 50 -y 14
within "not drawn anew for 50x14" fits 14 "step 399"
in_tmux resize-window -x 100 -y 60
in_tmux send-keys C-c
within "no exit code of the judgement" shows "code 0"
shows "VITAL SIGNS" || fail "no report after following"
clean "after following"

# What cannot be read ends the view as well.
echo nonsense >"$folder/run.jsonl"
type_line "'$program' report run.jsonl --follow; echo code \$?"
within "no exit code of an input error" shows "code 2"
shows "line 1 is not the first of a history" || fail "no reason"
clean "after an error"

echo "the live view leaves a clean terminal"
