"""Nginx as a target: writes a configuration for the port it is told, and becomes Nginx with a master and workers.

Run from a folder of servers/; FOLDER is where Nginx may write, LISTEN what else its port is told, such as http2.
"""

import os
from pathlib import Path

CONFIGURATION = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{ listen {bind}:{port} {listen}; location / {{ default_type text/plain; return 200 ok; }} }}
}}
"""

folder = Path(os.environ["FOLDER"]) / f"nginx-{os.environ['PORT']}"
folder.mkdir(exist_ok=True)
written = folder / "nginx.conf"
written.write_text(
    CONFIGURATION.format(
        folder=folder, bind=os.environ["BIND"], port=os.environ["PORT"], listen=os.environ.get("LISTEN", "")
    )
)
os.execvp("nginx", ["nginx", "-p", str(folder), "-c", str(written), "-e", str(folder / "error.log")])
