"""Words that decide whether what looks like a name is one. Lists made for this project, in lower case.

They hold what a model that knows no technology takes for people and companies, and what speaks for a company or a
place. They are no complete lists of anything: a word that is missing costs a false alarm or a name, not an error.
"""

from __future__ import annotations

# Products, tools, languages, protocols, models and the words of code: public, and no customer of anybody.
_TECHNOLOGY = """
abap actions actuator airbyte airflow airtable ajax akka alembic algolia alpine amplify anaconda android angular ansible
anthropic apache api apollo appium arch archlinux argo argocd artifactory asana astro athena atlas atlassian aurora avro
aws axios azure babel backstage bamboo bard bash bazel beam bert bigquery bigtable bitbucket blender blob bootstrap bun
c cassandra celery centos ceph chai chatgpt checkmarx chef chrome chromium circleci cisco claude clickhouse cloud
cloudflare cloudformation cloudfront cloudwatch codex codepen cognito collab colab compose composer conda confluence
consul contentful copilot cordova couchbase couchdb cron crontab cucumber cuda cursor cypress d3 dagger dagster dart dask
databricks datadog dataform dataframe dataproc datastore dbeaver dbt debian deepmind deepseek delta deno dependabot devops
discord django docker dockerfile doppler dotnet doxygen drupal dubbo duckdb dynamo dynamodb ebs eclipse ecs edge ejs
eks elastic elasticsearch electron elixir elk elm ember emacs envoy erlang esbuild eslint etcd ethereum excel express
fabric fargate fastapi fastify fedora figma firebase firefox firestore flask flink flux flutter fortran fpm freebsd
gatling gatsby gcp gemini gerrit ghost gimp git gitea github gitlab gke glacier glue gmail go godot golang google grafana
gradle grafana graphql groovy grok grpc grunt gulp gunicorn h2 hadoop haiku haproxy haskell hbase hdfs helm heroku hibernate
hive homebrew hubspot hudi huggingface iam iceberg idris influxdb insomnia instagram intellij intercom ionic ios ipad
iphone istio jaeger jakarta jasmine java javascript jenkins jest jetbrains jetty jinja jira jooq jquery jpa julia junit
jupyter kafka keras keycloak kibana kinesis knative kotlin kubectl kubernetes lambda langchain langgraph laravel latex
lerna less lightgbm linear linkedin linkerd linux liquibase lisp lit llama llamaindex locust log4j logstash looker lua
lucene macbook macos magento maker mapreduce mariadb markdown marketo matlab matplotlib maven mcp memcached mercurial
mermaid meteor metabase micronaut microsoft midjourney minikube minio minitab mistral mixpanel mlflow mocha mockito
mongo mongodb mongoose monorepo mqtt mui mulesoft mypy mysql nats neo4j neon nest nestjs netbeans netlify neovim nexus next
nginx nim nix node nodejs nomad notepad notion npm nuget numpy nuxt nvidia oauth objective ocaml octave okta onedrive
onenote openai openapi opencv openshift openssl opentelemetry opus oracle otel outlook pagerduty pandas parquet pascal
patroni paypal perl perplexity photoshop php pinecone pip plotly podman poetry polars postfix postgis postgres
postgresql postman powerbi powerpoint powershell prefect prettier prisma prolog prometheus protobuf proxmox pulsar pulumi
puppet puppeteer pycharm pydantic pytest python pytorch qdrant qlik quarkus quicksight qwen r rabbitmq rails ray razor
react reactjs reddit redis redshift redux remix requests retool rider roblox rollup ruby rust rustc s3 safari sagemaker
salesforce samba sass scala scikit scipy scrapy scratch scss seaborn selenium sentry sequelize serverless servicenow sharepoint
shell shopify simulink sinatra sketch skype slack snowflake snowpark snyk solaris solidity solr sonar sonarqube sonnet
sourcetree spark splunk spotify spring springboot sqlalchemy sqlite sqs stackoverflow storybook strapi streamlit stripe struts
sublime supabase superset svelte sveltekit svn swagger swift swiftui symfony tableau tailwind talend tauri teams teamcity
telegram temporal tensorboard tensorflow terraform terragrunt thrift tiktok tomcat traefik transformers travis trello trino
turborepo twig twilio twitter typescript ubuntu unity unreal vagrant valgrind vault vercel vertex vim visio vite vitest vscode
vue vuex waf webflow webpack webrtc websocket whatsapp whisper windows wireshark wordpress wsl xcode xgboost xen yarn
youtube zabbix zapier zendesk zig zod zookeeper zoom zsh
bellman-ford floyd-warshall needleman-wunsch smith-waterman knuth-morris-pratt boyer-moore
anyio asyncio bean boolean bool byte callable char class const cron dict docstring double enum exception float func
function gantt generic getter goroutine hash heap instance int integer interface iterator json kanban kernel kwarg lint
list long map mock module monad mutex namespace nil null number object optional override package param partial pod
pojo popen private promise protected proxy public queryset queue record regex repo repository result runbook schema scrum
semaphore serializer service set setter short singleton socket stack static string struct subprocess switch table test
thread trait tuple type typeof uint union unsigned varchar vec vector view void webhook widget yield
"""

# Words with which instructions, headings and forms begin, which are capitalised without being names.
_HEADLINES = """
about above absolutely abstract accept access account accounts achievement action active activity add additional admin
advanced after agenda agent agents agreement alert all allow also always analyse analysis analyst analytics analyze and
annual another answer any app appendix application applications apply approach approval archive are arguments article as
ask assign assistant assume attach attachment audience audit author auto available average avoid award back background
backend backlog balance bar base based basic batch before begin behavior behaviour below benefits best big bin block
blog board body bonus book both bottom box branch break brief bring browser bucket budget bug build builder bulk
business but button buy by calculate calendar call campaign can cancel candidate capacity card carefully cart case
catalog category cause center central change changes channel chapter chart chat check checklist chief choose city clean
clear click client close code collection column columns combine command comment comments commit common communication
community company compare comparison complete component computer concept conclusion condition config configuration
confirm connect consider console constraints consumer contact container content context contract control convert
cookie copy core correct cost could council count countries country coverage create criteria critical cross current
currently custom customer customers daily dashboard data database dataset date dates day days deadline deal dear
debug decision decisions default define definition delete deliver delivery demo department dependencies deploy
deployment description design desktop detail details detect determine develop developer developers development device
devices diagram difference digital direct director directory discuss discussion display do document documentation
documents does domain done down download draft drive driver due duration during each early easy edit editor education
effective either email emails employee employees empty enable end endpoint engine engineer engineering ensure enter
enterprise entity entry environment epic error errors escalation estimate evaluate even evening event events ever every example
examples excellent except exclude execute executive exercise exit expected expense experience expert explain explore
export extend external extra extract facility factor fail failed failure false family fast fatal favorite feature features
federal feedback field fields figure file files filter final finally finance financial find first fix flag flash flow focus
folder follow following food for force forecast foreign form format formula forum found frame framework free freelance
frequently friday from front frontend full fun future game gather general generate get give given global goal goals good
government grade great green grid group groups guide guidelines handle has have he header headers heading health hello
help helpful her here hi hide high highlight his history hold home hot hour hours how however human i idea ideas
identify if ignore image images impact implement implementation import important improve improvement in inbox incident
include income incoming index industry info information infrastructure initial input insert inside insights install
instead instruction instructions integration intern internal international introduction invalid inventory invest investment
invite invoice is issue issues it item items its job join journal junior just keep key keys keyword knowledge lab label labels
language large last late later latest launch law layer layout lead leader leads learn learning least leave legal length lesson
let level library license life light like limit limited line lines link links literature live load loan local location log
logic login logs long look low mail main maintenance make manage management manager manual many marketing master match math
max maximum may maybe me mean means measure media meeting member members memory menu merge message messages method
metric metrics middle migrate migration milestone min minimum minor minutes mission mobile mode model models modern
module monday monitor monitoring month monthly more morning most move much multi multiple must my national native network
never new news next night no nodes none normal not note notes nothing notice notification now number object objective
objectives of offer office official often old on once one online only open operation operations operator option
optional options or order orders organization original other others our out outcome outline output outside over overview
owner package page pages paid parameters parent parse part partner partners parts password patch path pattern payment
people per percent perform performance perhaps period permission personal persona phase phone photo pick pipeline place
plan planning platform play please plugin point points policies policy pool popular port portal position post power practice
pre premium prepare present presentation press preview previous price pricing primary print priority private pro problem
procedure process processing processor product production products professional profile profit program project projects
prompt proposal protocol provide provider public publish pull purchase purpose push put quality quarter quarterly query
question questions quick quote random range rank rate raw read reader ready real reason receive recent recommend
recommendations record records red redirect reduce refactor reference references refund region register registration
regular reject related release remember reminder remote remove rename render repair repeat replace reply report reporting
reports request requests require required requirement requirements research reset resolution resource resources respond
response rest restart restore result results retail retention retrieve retry return returns revenue review reviews rewrite
right risk risks road roadmap role roles root round row rows rule rules run sale sales sample save say scale scan schedule
school science scope score screen script search season second section security see select send senior sent sentence serial
server servers service services session set settings setup share sheet shift ship shipping short should show side sign silver
simple since single site size skill skills skip small smart so social software solution solve some something sort source
space special specific speed split sprint sprints staff stage stakeholder standard start starter state statement states
status step steps still stock stop storage store story strategy stream street strong structure student style subject
submit success suggest suggestions suite sum summarise summarize summary sunday supplier support sure survey sync
system systems tab table tag take talk target task tasks tax team technical technology template term terms test testing
tests text thank thanks that the their them theme then there these they thing think third this those thread three through
ticket tickets time timeline timeout times tip tips title to today together token tokens tone too tool tools top topic total
track traffic training transfer transform translate translation travel true try turn tutorial two type types typical under
understand unit university unknown unless until up update upgrade upload upper urgent usage use user users using valid
validate validation value values variable vendor verify version very via video view virtual vision visit voice volume vs wait
walk want warehouse warning was watch we web website week weekly welcome well were what when where whether which while white
who whole why wide will window winter with within without word work worker workflow workflows working works workshop
workspace world would write writer writing wrong year years yes yesterday yet you young your zero zone
north south east west northern southern eastern western undo docs pending syntax warn warning err error info fatal trace verbose todo uuid guid done ready ok
theorem lemma matrix algorithm gaussian bayesian cartesian euclidean newtonian roman latin unicode gregorian
"""

# Words with which sentences begin and which are no names, so that their capital says nothing.
STARTS = frozenset(
    [
        "a",
        "about",
        "add",
        "after",
        "all",
        "also",
        "although",
        "an",
        "and",
        "answer",
        "any",
        "are",
        "as",
        "ask",
        "assume",
        "at",
        "based",
        "be",
        "because",
        "before",
        "both",
        "but",
        "by",
        "calculate",
        "can",
        "change",
        "check",
        "choose",
        "combine",
        "compare",
        "complete",
        "compute",
        "consider",
        "convert",
        "could",
        "create",
        "decide",
        "define",
        "delete",
        "describe",
        "design",
        "did",
        "do",
        "does",
        "don't",
        "during",
        "each",
        "either",
        "else",
        "ensure",
        "every",
        "explain",
        "extract",
        "few",
        "find",
        "first",
        "fix",
        "follow",
        "for",
        "format",
        "from",
        "generate",
        "get",
        "give",
        "given",
        "had",
        "has",
        "have",
        "he",
        "hello",
        "help",
        "her",
        "here",
        "his",
        "how",
        "however",
        "i",
        "i'd",
        "i'll",
        "i'm",
        "i've",
        "if",
        "implement",
        "imagine",
        "in",
        "include",
        "instead",
        "into",
        "is",
        "it",
        "it's",
        "its",
        "keep",
        "last",
        "let",
        "let's",
        "list",
        "look",
        "make",
        "many",
        "may",
        "me",
        "might",
        "more",
        "most",
        "must",
        "my",
        "need",
        "never",
        "next",
        "no",
        "not",
        "note",
        "now",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "or",
        "order",
        "other",
        "our",
        "out",
        "over",
        "please",
        "propose",
        "put",
        "read",
        "recommend",
        "refactor",
        "remember",
        "remove",
        "rename",
        "replace",
        "return",
        "review",
        "rewrite",
        "run",
        "second",
        "select",
        "set",
        "she",
        "should",
        "show",
        "simplify",
        "since",
        "so",
        "some",
        "sort",
        "split",
        "start",
        "state",
        "still",
        "such",
        "suggest",
        "sum",
        "summarise",
        "summarize",
        "take",
        "tell",
        "test",
        "than",
        "thanks",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "think",
        "third",
        "this",
        "those",
        "to",
        "translate",
        "try",
        "turn",
        "two",
        "under",
        "until",
        "up",
        "update",
        "use",
        "using",
        "verify",
        "very",
        "was",
        "we",
        "we're",
        "we've",
        "were",
        "what",
        "what's",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "why",
        "will",
        "with",
        "without",
        "word",
        "would",
        "write",
        "yes",
        "yet",
        "you",
        "you're",
        "your",
    ]
)

TECHNOLOGY = frozenset(_TECHNOLOGY.split())
HEADLINES = frozenset(_HEADLINES.split())

# After the name of a scientist, these say that a thing is meant: "Bayes' theorem", "Moore's law", "a Bloom filter".
EPONYMS = frozenset(
    [
        "theorem",
        "theorems",
        "law",
        "laws",
        "lemma",
        "method",
        "methods",
        "algorithm",
        "algorithms",
        "identity",
        "principle",
        "distribution",
        "process",
        "model",
        "filter",
        "filters",
        "distance",
        "equation",
        "equations",
        "inequality",
        "equivalence",
        "transform",
        "transformation",
        "constant",
        "curve",
        "diagram",
        "diagrams",
        "chart",
        "charts",
        "test",
        "tests",
        "tree",
        "trees",
        "matrix",
        "matrices",
        "effect",
        "effects",
        "paradox",
        "conjecture",
        "hypothesis",
        "series",
        "sequence",
        "numbers",
        "number",
        "set",
        "sets",
        "machine",
        "machines",
        "regression",
        "kernel",
        "sampling",
        "estimator",
        "coefficient",
        "correlation",
        "score",
        "optimisation",
        "optimization",
        "descent",
        "rule",
        "scale",
        "cycle",
        "code",
        "codes",
        "encoding",
        "cipher",
        "notation",
        "relativity",
        "mechanics",
        "logic",
        "razor",
        "circle",
        "criterion",
        "function",
        "functions",
        "form",
        "sort",
        "search",
        "index",
        "decomposition",
        "chain",
        "chains",
        "space",
        "spaces",
        "loop",
        "style",
    ]
)

# What a company's name ends in.
COMPANY_ENDS = frozenset(
    [
        "inc",
        "incorporated",
        "ltd",
        "limited",
        "llc",
        "llp",
        "lp",
        "plc",
        "corp",
        "corporation",
        "co",
        "company",
        "gmbh",
        "ag",
        "kg",
        "kgaa",
        "ug",
        "se",
        "sa",
        "sarl",
        "sas",
        "spa",
        "srl",
        "bv",
        "nv",
        "ab",
        "oy",
        "oyj",
        "as",
        "asa",
        "aps",
        "kk",
        "pty",
        "pte",
        "pvt",
        "holding",
        "holdings",
        "group",
        "partners",
        "associates",
        "technologies",
        "labs",
        "laboratories",
        "ventures",
        "capital",
        "bank",
        "insurance",
        "pharmaceuticals",
        "pharma",
        "industries",
        "enterprises",
        "solutions",
        "systems",
        "consulting",
        "consultants",
        "logistics",
        "university",
        "institute",
        "college",
        "hospital",
        "clinic",
        "foundation",
        "orchestra",
        "airlines",
        "airways",
        "motors",
        "energy",
        "foods",
        "media",
        "studios",
        "software",
        "agency",
        "ministry",
    ]
)

COUNTRIES = frozenset(
    [
        "afghanistan",
        "albania",
        "algeria",
        "andorra",
        "angola",
        "argentina",
        "armenia",
        "australia",
        "austria",
        "azerbaijan",
        "bahamas",
        "bahrain",
        "bangladesh",
        "barbados",
        "belarus",
        "belgium",
        "belize",
        "benin",
        "bhutan",
        "bolivia",
        "bosnia",
        "herzegovina",
        "botswana",
        "brazil",
        "brunei",
        "bulgaria",
        "burundi",
        "cambodia",
        "cameroon",
        "canada",
        "chile",
        "china",
        "colombia",
        "congo",
        "croatia",
        "cuba",
        "cyprus",
        "czechia",
        "denmark",
        "djibouti",
        "dominica",
        "ecuador",
        "egypt",
        "england",
        "eritrea",
        "estonia",
        "eswatini",
        "ethiopia",
        "fiji",
        "finland",
        "france",
        "gabon",
        "gambia",
        "georgia",
        "germany",
        "ghana",
        "greece",
        "greenland",
        "greenlander",
        "grenada",
        "guatemala",
        "guinea",
        "guyana",
        "haiti",
        "honduras",
        "hungary",
        "iceland",
        "india",
        "indonesia",
        "iran",
        "iraq",
        "ireland",
        "israel",
        "italy",
        "jamaica",
        "japan",
        "jordan",
        "kazakhstan",
        "kenya",
        "kiribati",
        "korea",
        "kosovo",
        "kuwait",
        "kyrgyzstan",
        "laos",
        "latvia",
        "lebanon",
        "lesotho",
        "liberia",
        "libya",
        "liechtenstein",
        "lithuania",
        "luxembourg",
        "madagascar",
        "malawi",
        "malaysia",
        "maldives",
        "mali",
        "malta",
        "mauritania",
        "mauritius",
        "mexico",
        "moldova",
        "monaco",
        "mongolia",
        "montenegro",
        "morocco",
        "mozambique",
        "myanmar",
        "namibia",
        "nepal",
        "netherlands",
        "nicaragua",
        "niger",
        "nigeria",
        "norway",
        "oman",
        "pakistan",
        "palau",
        "palestine",
        "panama",
        "paraguay",
        "peru",
        "philippines",
        "poland",
        "portugal",
        "qatar",
        "romania",
        "russia",
        "rwanda",
        "samoa",
        "scotland",
        "senegal",
        "serbia",
        "seychelles",
        "singapore",
        "slovakia",
        "slovenia",
        "somalia",
        "spain",
        "sudan",
        "suriname",
        "sweden",
        "switzerland",
        "syria",
        "taiwan",
        "tajikistan",
        "tanzania",
        "thailand",
        "togo",
        "tonga",
        "tunisia",
        "turkey",
        "turkmenistan",
        "uganda",
        "ukraine",
        "uruguay",
        "uzbekistan",
        "vanuatu",
        "venezuela",
        "vietnam",
        "wales",
        "yemen",
        "zambia",
        "zimbabwe",
    ]
) | frozenset(
    """united states,united kingdom,new zealand,south africa,south korea,north korea,saudi arabia,costa rica,puerto rico,sri lanka
    ,czech republic,dominican republic,hong kong,ivory coast,sierra leone,el salvador,papua new guinea,san marino,cape verde
    ,united arab emirates,trinidad and tobago,burkina faso,north macedonia""".replace("\n    ", "").split(",")
)
