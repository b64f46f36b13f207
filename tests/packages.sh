# What tests/run and benches/run install on a Debian machine: to be sourced, with `groups` set to the wanted
# groups of the list, such as `build|apache`, and a function `say`.
#
# Packages are installed without starting their services. Works as root and as anybody who may sudo.

# The group that is needed, a file that shows it is there, its packages. The `-core` and `-bin` packages
# bring a server without a service that would run at boot.
needs() {
    grep -E "^($groups) " <<'LIST'
build      /usr/bin/cc                             gcc libc6-dev
build      /etc/ssl/certs/ca-certificates.crt      ca-certificates
apache     /usr/sbin/apache2                       apache2-bin
apache     /usr/lib/apache2/modules/mod_fcgid.so   libapache2-mod-fcgid
nginx      /usr/sbin/nginx                         nginx
mariadb    /usr/sbin/mariadbd                      mariadb-server-core
mariadb    /usr/bin/mariadb                        mariadb-client-core
memcached  /usr/bin/memcached                      memcached
curl       /usr/bin/curl                           curl
faketime   /usr/bin/faketime                       faketime
php        /usr/bin/php                            php-cli
php        /var/lib/dpkg/info/php-memcache.list       php-memcache
slapd      /usr/sbin/slapd                         slapd
slapd      /usr/bin/ldapadd                        ldap-utils
browser    /usr/bin/chromium                       chromium
browser    /usr/bin/chromedriver                   chromium-driver
browser    /usr/bin/npm                            npm
browser    /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf  fonts-dejavu-core
smtp       /usr/lib/python3/dist-packages/aiosmtpd/smtp.py python3-aiosmtpd
smtp       /usr/bin/openssl                        openssl
sqlite     /usr/bin/sqlite3                        sqlite3
measuring  /usr/bin/php-cgi                        php-cgi php-mysql
measuring  /usr/bin/strace                         strace
measuring  /usr/bin/valgrind                       valgrind
LIST
}

missing_packages() {
    local group proof packages
    needs | while read -r group proof packages; do
        [ -e "$proof" ] || printf '%s\n' "$packages"
    done
}

missing_groups() {
    local group proof packages
    needs | while read -r group proof packages; do
        [ -e "$proof" ] || printf '%s\n' "$group"
    done | sort -u
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null || return 1
    [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

# Debian asks this file before it starts a service. It is ours only while we install.
policy=/usr/sbin/policy-rc.d
forbid_services() {
    [ -e "$policy" ] && return
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root sh -c "umask 022; cat >$policy; chmod 755 $policy"
}
allow_services() {
    [ -z "$(trap -p EXIT)" ] && return
    as_root rm -f "$policy"
    trap - EXIT
}

install_missing() {
    local log packages
    log=$(mktemp)
    forbid_services
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update </dev/null >"$log" 2>&1 || true
    while read -r packages; do
        say "installing $packages"
        # Unquoted: a line may hold several packages.
        # shellcheck disable=SC2086
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
            install $packages </dev/null >"$log" 2>&1 || tail -n 5 "$log" >&2
    done < <(missing_packages)
    allow_services
    rm -f "$log"
}

# Installs what is missing, where that is possible.
provide() {
    if [ -n "$(missing_packages)" ] && may_install; then
        install_missing
    fi
}
