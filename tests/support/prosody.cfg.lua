-- A private Prosody on loopback, for tests and for the demo. Names in @ signs are filled in.
run_as_root = true
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@/data"
admins = { }
interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { @CLIENT_PORT@ }
c2s_direct_tls_ports = { @DIRECT_TLS_PORT@ }
@DIRECT_TLS@
s2s_ports = { }
http_ports = { @HTTP_PORT@ }
@HTTP_LINES@
https_ports = { }
component_interfaces = { "127.0.0.1" }
component_ports = { @COMPONENT_PORT@ }
modules_enabled = {
	"roster"; "saslauth"; "disco"; "posix"; "ping"; "version"; "time";
	"carbons"; "pep"; "private"; "smacks"; "vcard4"; "vcard_legacy";
}
modules_disabled = { "s2s"; @NO_TLS@ @NO_HTTP@ }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
log = { info = "*console" }

VirtualHost "example.test"
	modules_enabled = { @HOST_MODULES@ }
	@HOST_LINES@

Component "conference.example.test" "muc"
	name = "Rooms"
	modules_enabled = { @MUC_MODULES@ }
	max_history_messages = @MAX_HISTORY@
	@MUC_LINES@

Component "workgroup.example.test"
	component_secret = "@SECRET@"
