#!/bin/sh
# Build the image as Binder does, and try what docs/container.md says: the lab behind its token, and grading alone.
#
#   container/try.sh [OPTIONS OF BUILD]       such as --build-arg EXTRAS=hf,graders
#
# ENGINE is docker unless it names another program of that kind, such as podman; RUN holds more options for its `run`.
set -eu
cd "$(dirname "$0")/.."
engine=${ENGINE:-docker} image=softmoe-edu-try name=softmoe-edu-try-$$
run="$engine run --rm ${RUN:-}"
class=$(mktemp -d)
trap '$engine rm -f $name >/dev/null 2>&1 || true; rm -rf "$class"' EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

# Binder gives its user a name and a number of its own.
$engine build -t $image --build-arg NB_USER=binder --build-arg NB_UID=1234 "$@" .
[ "$($run $image id -un)" = binder ] || fail "expected the user binder"
[ "$($run $image id -u)" = 1234 ] || fail "expected the number 1234"
$run $image jupyter notebook --version || fail "Binder starts jupyter notebook"

$run -d --name $name -p 127.0.0.1::8888 $image >/dev/null
port=$($engine port $name 8888 | sed 's/.*://')
token='' tries=0
while [ -z "$token" ]; do
  tries=$((tries + 1))
  [ $tries -le 120 ] || fail "no address after two minutes: $($engine logs $name 2>&1)"
  sleep 1
  token=$($engine logs $name 2>&1 | sed -n 's/.*token=\([0-9a-f]*\).*/\1/p')
done
# status ADDRESS: what the server answers; it may not be there for the first moments.
status() { curl --silent --output /dev/null --retry 5 --retry-connrefused --write-out '%{http_code}' "$1"; }
lab=http://127.0.0.1:$port
[ "$(status "$lab/api/status?token=$token")" = 200 ] || fail "the token does not open $lab"
[ "$(status "$lab/api/status")" = 403 ] || fail "$lab is open without a token"
curl --silent --fail "$lab/api/contents?token=$token" | grep -q 00_look_inside.ipynb || fail "no lessons in the lab"
$engine stop $name >/dev/null
echo "passed: the lab"

# One right answer, read-only, without a network, as a user whom the image does not know.
mkdir "$class/handed_in" "$class/graded"
chmod 755 "$class" "$class/handed_in"
chmod 777 "$class/graded"
python3 - "$class/handed_in/anna.ipynb" <<'ANSWER'
import json, sys
from pathlib import Path

lesson = json.loads(Path("notebooks/05_soft_moe_by_hand.ipynb").read_bytes())
(cell,) = [each for each in lesson["cells"] if "exercise:dispatch-weights" in each["metadata"].get("tags", [])]
cell["source"] = "def dispatch_weights(logits):\n    return logits.softmax(1)"
Path(sys.argv[1]).write_text(json.dumps(lesson))
ANSWER
$run --network none --user 4321:4321 -v "$class/handed_in:/class/handed_in:ro" -v "$class/graded:/class/graded" $image \
  softmoe-edu grade /class/handed_in --out /class/graded --yes
grep -q '^anna,,05_soft_moe_by_hand,graded,2,' "$class/graded/grades.csv" || fail "expected 2 points for anna"
echo "passed: grading"
