"""A class hub: who is let in, what opens, and what a person may take. Names and numbers stand in class.toml.

Start it as root, in this folder: jupyterhub. `softmoe-edu hub` wrote this file, and never writes over your changes.
"""

from pathlib import Path

from softmoe_edu.hub.ready import ready
from softmoe_edu.hub.spawner import SERVER, ClassSpawner

c = get_config()
HERE = Path(__file__).resolve().parent

# Reads class.toml, gives the course to the teachers, and ends here with a sentence where something is missing.
classroom, proxy = ready(HERE)

# Passwords come in here. Without a certificate, put a server with TLS before it, and leave the address at 127.0.0.1.
c.JupyterHub.bind_url = f"http{'s' if classroom.certificate else ''}://{classroom.ip}:{classroom.port}"
c.JupyterHub.ssl_cert = classroom.certificate
c.JupyterHub.ssl_key = classroom.key
# The hub itself talks to its proxy and to the servers on this machine alone.
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = classroom.port + 1
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{classroom.port + 2}"
c.ConfigurableHTTPProxy.command = [proxy]
c.ConfigurableHTTPProxy.log_level = "error"

# What the hub remembers: who is signed in, and which servers run. Root alone can read it.
c.JupyterHub.db_url = f"sqlite:///{HERE / 'state' / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(HERE / "state" / "cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(HERE / "state" / "proxy.pid")
c.JupyterHub.log_level = "WARN"

# Accounts and passwords are those of this machine. Your school's sign-in is another Authenticator: docs/hub.md.
c.JupyterHub.authenticator_class = "pam"
c.Authenticator.allowed_users = {*classroom.teachers, *classroom.accounts}
c.LocalAuthenticator.allowed_groups = set(classroom.groups)
c.Authenticator.allow_all = classroom.everybody
c.Authenticator.blocked_users = {"root"}
# Who was taken out of the class is out, though the hub remembers everybody who was ever in it.
c.Authenticator.allow_existing_users = False

# Teachers may stop and start servers, as for somebody whose kernel hangs. They cannot look into them.
c.JupyterHub.load_roles = [
    {
        "name": "teacher",
        "users": list(classroom.teachers),
        "scopes": ["admin-ui", "list:users", "admin:servers"],
    }
]

# Everybody's server runs as their own user, with limits, and opens the lessons in a workspace of their own.
c.JupyterHub.spawner_class = ClassSpawner
c.Spawner.cmd = SERVER
c.Spawner.args = [f"--idle-seconds={60 * classroom.idle}", f"--workspace={classroom.workspace}"]
c.Spawner.default_url = f"/lab/tree/{classroom.first_lesson}"
c.Spawner.mem_limit = classroom.memory
c.Spawner.cpu_limit = classroom.cpus
c.ClassSpawner.processes = classroom.processes
c.ClassSpawner.folder = str(HERE)
c.ClassSpawner.teachers = set(classroom.teachers)
# A server that ended by itself is noticed after so many seconds.
c.Spawner.poll_interval = 10
# A whole class signs in within the same minute, and a small machine takes a while to start thirty servers.
c.Spawner.start_timeout = 300
c.Spawner.http_timeout = 300
