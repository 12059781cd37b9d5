#!/bin/sh
# Starts the service that was built into the folder $1.

# The service itself says what is wrong with a setting; the JVM, asked first, would say it in its own words.
case ${SERVER_CPUS:-} in
    "" | 0* | *[!0-9]* | ?????*) cpus=1 ;;
    *) cpus=$SERVER_CPUS ;;
esac

# Event loops and threads that compute could together use more cores than they are told: as in a container, the kernel
# holds the JVM to its share. Any of the allowed cores will do; two services side by side seldom get the same.
cores=$(taskset -cp $$ | sed 's/.*: //' | tr , '\n' |
    awk -F- '{ last = $2 == "" ? $1 : $2; for (core = $1; core <= last; core++) print core }' |
    shuf -n "$cpus" | paste -sd , -)

# The number of processors decides how many threads the JVM takes for compiling and collecting, and which collector:
# the serial one on one processor, G1 from two on, as in any container with so much CPU. The heap has one fixed size,
# as is usual in production, so that it does not depend on the memory of the machine.
#
# Requests are answered by threads of the least priority, which is the system's niceness 19 here: of a core that many of
# them share, the JVM's compiler would get a small part, and the service be cold for minutes. Once all is compiled, this
# changes nothing. Who is not root may lower a priority too; the JVM would warn of that, in front of what the service says.
exec taskset -c "$cores" java \
    -XX:ActiveProcessorCount="$cpus" \
    -XX:ThreadPriorityPolicy=1 -XX:JavaPriority1_To_OSPriority=19 -XX:+UnlockDiagnosticVMOptions -XX:-PrintWarnings \
    -Xms512m -Xmx512m \
    -XX:SharedArchiveFile="$1/classes.jsa" \
    -XX:+ExitOnOutOfMemoryError \
    -jar "$1/spring-netty.jar"
