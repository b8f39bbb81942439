#!/bin/sh
# cambio.sh: what a job needs of `cambio`, for images that have sh and curl and no Node. Apache-2.0.
# Tokens travel in files and pipes alone: others on the machine can read command lines.
{ set +x; } 2>/dev/null # a traced shell would write them into the job's log
set -eu
umask 077
LC_ALL=C # what a range of characters is
export LC_ALL

usage='usage: cambio.sh <command> [options]

  exchange (--audience NAME | --resource URI) [--scope SCOPE]
                          prints a token for it
  aws --role NAME|ARN     prints AWS credentials, for eval
  id-token                prints the token of the job itself, without a line break
  revoke                  ends a token that is piped in, with the token of the same job

  --url URL               the API base; else CAMBIO_URL
  --token-audience AUD    what the token of the job is asked for; else CAMBIO_TOKEN_AUDIENCE
  --token-file FILE, --token-env NAME
                          the token of the job; else CAMBIO_ID_TOKEN, that of the GitHub Actions job, CAMBIO_TOKEN_FILE
                          or /var/run/secrets/cambio/token, buildkite-agent, CIRCLE_OIDC_TOKEN_V2
  --from aws|azure-devops|google
                          asks for it there

exit codes: 0 success, 1 refused, 2 wrong usage, 3 unavailable (try again)'

newline='
'
command='' url=${CAMBIO_URL-} token_audience=${CAMBIO_TOKEN_AUDIENCE-}
audience='' resource='' scope='' role='' token_file='' token_env='' from=''
answer='' # of the last request: its body, on one line

main() {
  command=${1-}
  case $command in
    exchange | aws | id-token | revoke) shift ;;
    -h | --help) say "$usage" && exit 0 ;;
    *) misused 'name a command: exchange, aws, id-token or revoke' ;;
  esac
  while [ $# -gt 0 ]; do
    [ $# -ge 2 ] || misused "$1 needs a value"
    case $1 in
      --audience) audience=$2 ;;
      --resource) resource=$2 ;;
      --scope) scope=$2 ;;
      --role) role=$2 ;;
      --url) url=$2 ;;
      --token-audience) token_audience=$2 ;;
      --token-file) token_file=$2 ;;
      --token-env) token_env=$2 ;;
      --from) from=$2 ;;
      *) misused "unknown option: $1" ;;
    esac
    shift 2
  done
  case $command in
    exchange) exchange ;;
    aws) aws_credentials ;;
    id-token)
      job_token
      # In a file for the AWS SDKs a line break would be part of it.
      say "$token" | tr -d '\n'
      ;;
    revoke) revoke ;;
  esac
}

exchange() {
  [ -n "$audience$resource" ] || misused 'give --audience NAME or --resource URI'
  server
  job_token
  set -- -d grant_type=urn:ietf:params:oauth:grant-type:token-exchange \
    -d subject_token_type=urn:ietf:params:oauth:token-type:jwt
  [ -z "$audience" ] || set -- "$@" --data-urlencode "audience=$audience"
  [ -z "$resource" ] || set -- "$@" --data-urlencode "resource=$resource"
  [ -z "$scope" ] || set -- "$@" --data-urlencode "scope=$scope"
  request "data-urlencode = \"subject_token=$token\"" "$@" "$url/token"
  issued=$(member access_token)
  checked "$issued" 'the answer holds no token'
  say "$issued"
}

aws_credentials() {
  [ -n "$role" ] || misused 'give --role NAME or ARN'
  server
  job_token
  request "header = \"Authorization: Bearer $token\"" -G --data-urlencode "role=$role" "$url/credentials"
  key=$(member AccessKeyId) secret=$(member SecretAccessKey) session=$(member Token) expiration=$(member Expiration)
  for value in "$key" "$secret" "$session" "$expiration"; do
    checked "$value" 'the answer holds no credentials'
  done
  say "export AWS_ACCESS_KEY_ID='$key'
export AWS_SECRET_ACCESS_KEY='$secret'
export AWS_SESSION_TOKEN='$session'
export AWS_CREDENTIAL_EXPIRATION='$expiration'"
}

revoke() {
  server
  ended=$(cat)
  checked "$ended" 'pipe in the token to end'
  job_token
  request "data-urlencode = \"client_assertion=$token\"${newline}data-urlencode = \"token=$ended\"" \
    -d client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer "$url/revoke"
}

# Tokens go over https, or stay on this machine.
server() {
  [ -n "$url" ] || misused 'give --url URL or set CAMBIO_URL'
  url=${url%/}
  private "$url" 'the URL'
}

private() {
  case $1 in
    *[!!-~]* | *@* | *'"'* | *\\*) misused "$2 is none" ;;
    https://?* | http://\[::1\] | http://\[::1\][:/]* | http://127.0.0.1 | http://127.0.0.1[:/]* | http://localhost | http://localhost[:/]*) ;;
    *) misused "$2 must be https, or http on loopback" ;;
  esac
}

# Sets `token` to that of the job, from where `cambio` looks for it and in the same order; never the cluster's own token.
job_token() {
  case $from in
    '') ;;
    aws) aws_token; return ;;
    azure-devops) azure_token; return ;;
    google) google_token; return ;;
    *) misused '--from takes aws, azure-devops or google' ;;
  esac
  if [ -n "$token_file" ]; then
    file_token "$token_file"
  elif [ -n "$token_env" ]; then
    case $token_env in *[!A-Za-z0-9_]* | [0-9]*) misused '--token-env takes the name of a variable' ;; esac
    eval "token=\${$token_env-}"
    checked "$token" "$token_env holds no token"
  elif [ -n "${CAMBIO_ID_TOKEN-}" ]; then
    token=$CAMBIO_ID_TOKEN
    checked "$token" 'CAMBIO_ID_TOKEN holds no token'
  elif [ -n "${ACTIONS_ID_TOKEN_REQUEST_URL-}" ]; then
    github_token
  elif [ -n "${CAMBIO_TOKEN_FILE-}" ]; then
    file_token "$CAMBIO_TOKEN_FILE"
  elif [ -s /var/run/secrets/cambio/token ]; then
    file_token /var/run/secrets/cambio/token
  elif command -v buildkite-agent >/dev/null && buildkite_token; then
    checked "$token" 'buildkite-agent gives no token'
  elif [ -n "${CIRCLE_OIDC_TOKEN_V2-}" ]; then
    token=$CIRCLE_OIDC_TOKEN_V2
    checked "$token" 'CIRCLE_OIDC_TOKEN_V2 holds no token'
  else
    misused "there is no token to exchange: $(advice)"
  fi
}

file_token() {
  [ -r "$1" ] || misused "$1 cannot be read"
  token=$(cat "$1")
  checked "$token" "$1 holds no token"
}

github_token() {
  asked_for
  private "$ACTIONS_ID_TOKEN_REQUEST_URL" ACTIONS_ID_TOKEN_REQUEST_URL
  checked "${ACTIONS_ID_TOKEN_REQUEST_TOKEN-}" 'ACTIONS_ID_TOKEN_REQUEST_TOKEN is not set'
  request "header = \"Authorization: Bearer $ACTIONS_ID_TOKEN_REQUEST_TOKEN\"" \
    -G --data-urlencode "audience=$token_audience" "$ACTIONS_ID_TOKEN_REQUEST_URL"
  token=$(member value)
  checked "$token" 'GitHub answered without a token'
}

# Outside of a job an agent has none to give, and the search goes on.
buildkite_token() {
  [ -n "$token_audience" ] || [ -n "${BUILDKITE-}" ] || return 1
  asked_for
  token=$(buildkite-agent oidc request-token --audience "$token_audience") && return
  [ -z "${BUILDKITE-}" ] || misused 'buildkite-agent gives no token'
  return 1
}

aws_token() {
  asked_for
  token=$(aws sts get-web-identity-token --audience "$token_audience" --signing-algorithm ES384 \
    --query WebIdentityToken --output text) || misused 'aws gives no token'
  checked "$token" 'aws gives no token'
}

# Its audience is Azure's own: it cannot be asked for.
azure_token() {
  private "${SYSTEM_OIDCREQUESTURI-}" SYSTEM_OIDCREQUESTURI
  checked "${SYSTEM_ACCESSTOKEN-}" 'map SYSTEM_ACCESSTOKEN in the env of the step'
  request "header = \"Authorization: Bearer $SYSTEM_ACCESSTOKEN\"" \
    -H 'Content-Type: application/json' -d '' "$SYSTEM_OIDCREQUESTURI?api-version=7.1"
  token=$(member oidcToken)
  checked "$token" 'Azure DevOps answered without a token'
}

# Plain http: the metadata server is on the machine's own link.
google_token() {
  asked_for
  request '' -H 'Metadata-Flavor: Google' -G --data-urlencode "audience=$token_audience" -d format=full \
    "http://${GCE_METADATA_HOST:-metadata.google.internal}/computeMetadata/v1/instance/service-accounts/default/identity"
  token=$answer
  checked "$token" 'the metadata server answered without a token'
}

asked_for() {
  [ -n "$token_audience" ] || misused 'give --token-audience AUD or set CAMBIO_TOKEN_AUDIENCE'
}

advice() {
  if [ -n "${GITHUB_ACTIONS-}" ]; then
    echo 'the job needs `permissions: { id-token: write }`'
  elif [ -n "${GITLAB_CI-}" ]; then
    echo 'the job needs `id_tokens: { CAMBIO_ID_TOKEN: { aud: … } }`'
  elif [ -n "${CIRCLECI-}" ]; then
    echo 'CIRCLE_OIDC_TOKEN_V2 is there in jobs that use a context'
  else
    echo 'give --token-file FILE, --token-env NAME or --from, or set CAMBIO_ID_TOKEN'
  fi
}

# request CONFIG CURL-ARGUMENTS...: CONFIG, which holds the secrets, goes to curl by its standard input. Sets `answer`, or
# ends the job. Asks again where that may help: throttled, unavailable, no answer at all.
request() {
  config=$1
  shift
  for pause in 1 3 end; do
    got=$(
      curl -q -g -sS --max-time 20 --proto '=http,https' -K - -w '\n%{http_code}' "$@" <<EOF
$config
EOF
    ) || got="${newline}000"
    status=${got##*"$newline"}
    answer=$(
      tr -d '\r\n' <<EOF
${got%"$newline"*}
EOF
    )
    case $status in
      2??) return ;;
      000 | 429 | 502 | 503 | 504) [ "$pause" = end ] || sleep "$pause" ;;
      *) break ;;
    esac
  done
  case $status in
    000) failed 3 'unavailable: no answer' ;;
    429 | 5??) failed 3 "unavailable ($status): $(printable)" ;;
    *) failed 1 "refused ($status): $(printable)" ;;
  esac
}

# A member of the answer that is a string.
member() {
  sed -n 's/.*"'"$1"'" *: *"\([^"]*\)".*/\1/p' <<EOF
$answer
EOF
}

# The answer without what moves a terminal's cursor.
printable() {
  tr -cd '[:print:]' <<EOF
$answer
EOF
}

# What is no token must not travel on in curl's configuration or in lines for eval, and must not be quoted either.
checked() {
  case $1 in
    '' | *[!A-Za-z0-9._~+/=:-]*) misused "$2" ;;
  esac
}

# Not printf, which is a program of its own in some shells.
say() {
  cat <<EOF
$1
EOF
}

misused() {
  failed 2 "$1"
}

failed() {
  printf 'cambio.sh: %s\n' "$2" >&2
  exit "$1"
}

main "$@"
