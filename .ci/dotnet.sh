# Sourced: puts the .NET SDK that may lie beside the checkout on PATH where the machine has none, unpacked once into
# the cache. Without either, nothing is changed, and what needs `dotnet` is reported as unavailable.

put_dotnet_on_path() {
  local archive cache place
  command -v dotnet >/dev/null && return
  for archive in "$1"/../shared/dotnet/dotnet-sdk-*-linux-x64.tar.xz; do
    [[ -f $archive ]] || return 0
    cache="${FASTSERVE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/fastserve}"
    place="$cache/dotnet-sdk/$(basename "$archive" .tar.xz)"
    if [[ ! -d $place ]]; then
      mkdir -p "$cache/dotnet-sdk"
      # Into a folder of its own and then renamed, so that a half unpacked one is never taken for whole.
      local half
      half="$(mktemp -d "$cache/dotnet-sdk/.half-XXXXXX")"
      tar -xJf "$archive" -C "$half"
      mv -T "$half/dotnet" "$place" 2>/dev/null || [[ -d $place ]]
      rm -rf "$half"
    fi
    export DOTNET_ROOT="$place" PATH="$place:$PATH" RestoreSources="$place/packages"
    export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false
    # The SDK itself would ask for libicu.
    export DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1
    return
  done
}
