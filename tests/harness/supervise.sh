# Runs a server until standard input ends, which it does when the test program ends in whatever way,
# then ends the server's whole process group.
#
#   supervise.sh FOLDER NAME COMMAND...
#
# FOLDER/NAME.ended appears when the server ends by itself. FOLDER is locked until all is over.
folder=$1 name=$2
shift 2

# Whoever wants this script gone wants the server gone first.
trap : INT TERM HUP
exec 3<&0 4<"$folder"
flock -s 4
rm -f "$folder/$name.ended"
# A session of its own is a process group of its own, that no job control of a server's escapes.
setsid "$@" </dev/null 3<&- 4<&- &
server=$!
cat <&3 >/dev/null 2>&1 4<&- &
pipe=$!

wait -n "$server" "$pipe"
if kill -0 "$pipe" 2>/dev/null && ! kill -0 "$server" 2>/dev/null; then
    : >"$folder/$name.ended"
    wait "$pipe"
fi

kill -TERM -- "-$server" 2>/dev/null
for _ in {1..100}; do
    kill -0 -- "-$server" 2>/dev/null || break
    sleep 0.05
done
kill -KILL -- "-$server" 2>/dev/null
# Who starts it again at once is not to find it dying.
wait "$server" 2>/dev/null
kill "$pipe" 2>/dev/null
