#!/bin/sh
# Starts what was built into the folder $1, with as many processors as it may use.
cpus=${SERVER_CPUS:-1}
cpus=${cpus#"${cpus%%[!0]*}"}
case $cpus in
  # The program says what is wrong with such a number.
  '' | *[!0-9]* | ?????*) ;;
  # .NET reads it as hexadecimal.
  *) DOTNET_PROCESSOR_COUNT=$(printf %x "$cpus") && export DOTNET_PROCESSOR_COUNT ;;
esac
# Methods are compiled anew, and better, once called often. By default that waits for 100 ms without new methods, which
# under full load on one core do not come for half a minute; what comes of it is the same.
export DOTNET_TC_CallCountingDelayMs=1
exec dotnet "$1/app.dll"
