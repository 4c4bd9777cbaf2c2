"""Whether an API server refuses an object, and for the reason that the file names: refused.py KUBECONFIG FILE."""
import sys
from api import Server, documents

server = Server(sys.argv[1])
expected = open(sys.argv[2]).readline().removeprefix("# refused: ").strip()
said = [message for text, document in documents(sys.argv[2]) for message in server.judge(text, document)]
print("\n".join(said) or "nothing was said")
sys.exit(0 if any(expected in message for message in said) else 1)
