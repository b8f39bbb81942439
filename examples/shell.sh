# Sourced by the calls of the examples, in the root of the repository: the command, stand-ins of the issuers, a reader.
export CAMBIO_URL="${CAMBIO_URL:-http://127.0.0.1:8787}"
cambio="node ${CAMBIO:-dist/cambio.mjs}" # npm run build:cli
jwt=urn:ietf:params:oauth:token-type:jwt
umask 077
work=$(mktemp -d)

# token_of ISSUER CLAIMS: a token of an issuer of the policy, in its real shape
token_of() {
  curl -s -d "$2" "$CAMBIO_URL/_local/issuers/$1/token" | value token
}

# assertion_of CLIENT: what a client signs with its own key to say who it is
assertion_of() {
  curl -s -X POST "$CAMBIO_URL/_local/clients/$1/assertion" | value assertion
}

# ask CURL-OPTIONS: an answer, a refusal too; asked again where the server says so
ask() {
  curl -s --retry 4 -o "$work/answer" "$@"
  cat "$work/answer"
  echo
}

# exchange FORM…: POST /token by curl alone; NAME=VALUE or NAME@FILE
exchange() {
  set -- grant_type=urn:ietf:params:oauth:grant-type:token-exchange "subject_token_type=$jwt" "$@"
  for field; do
    set -- "$@" --data-urlencode "$field"
    shift
  done
  ask "$CAMBIO_URL/token" "$@"
}

# as CLIENT-TOKEN-FILE FORM…: the same, authenticated by a client's assertion or, federated, by its workload's token
as() {
  assertion=$1
  shift
  exchange client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer "client_assertion@$assertion" "$@"
}

# value NAME: the text of a member of a JSON object
value() {
  sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" | tr -d '\n'
}

# members NAME…: those members of a JSON object, or of the payload of a JWT
members() {
  node -e '
    const text = require("node:fs").readFileSync(0, "utf8").trim();
    const json = text.startsWith("{") ? text : Buffer.from(text.split(".")[1] ?? "", "base64url").toString();
    const all = JSON.parse(json || "{}");
    const lines = process.argv.slice(1).filter((name) => name in all).map((name) => `  "${name}": ${JSON.stringify(all[name])}`);
    console.log(`{\n${lines.join(",\n")}\n}`);
  ' "$@"
}
