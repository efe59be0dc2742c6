"""Words that decide whether what looks like a name is one. Lists made for this project, in lower case.

They hold what a model that knows no technology takes for people and companies, and what speaks for a company or a
place. They are no complete lists of anything: a word that is missing costs a false alarm or a name, not an error.
"""

from __future__ import annotations

# Products, tools, languages, protocols, models and the words of code: public, and no customer of anybody.
_TECHNOLOGY = """
abap actions actuator airbyte airflow airtable ajax akka alembic algolia alpine alter amplify anaconda android angular
ansible anthropic anyio apache api apiversion apollo appium arch archlinux argo argocd artifactory asana astro asyncio
athena atlas atlassian aurora authorization avro aws axios azure babel backstage bamboo bard bash bazel beam bean
bearer bellman-ford bert bigquery bigtable bitbucket blender blob bool boolean bootstrap boyer-moore bun byte c
callable cascade cassandra celery centos ceph chai char chatgpt checkmarx chef chrome chromium circleci cisco class
claude clickhouse cloud cloudflare cloudformation cloudfront cloudwatch codepen codex cognito colab collab commit
compose composer conda confluence const constraint consul contentful copilot cordova couchbase couchdb cron crontab
cucumber cuda cursor cypress d3 dagger dagster dart dask databricks datadog dataform dataframe dataproc datastore
dbeaver dbt debian deepmind deepseek delete delta deno dependabot devops dict discord distinct django docker
dockerfile docstring doppler dotnet double doxygen drop drupal dubbo duckdb dynamo dynamodb ebs eclipse ecs edge ejs
eks elastic elasticsearch electron elixir elk elm emacs ember enum envoy erlang esbuild eslint etcd ethereum excel
exception exists express fabric fargate fastapi fastify fedora figma firebase firefox firestore flask flink float
floyd-warshall flutter flux foreign fortran fpm freebsd func function gantt gatling gatsby gcp gemini generic gerrit
getter ghost gimp git gitea github gitlab gke glacier glue gmail go godot golang google goroutine gradle grafana
graphql grok groovy grpc grunt gulp gunicorn h2 hadoop haiku haproxy hash haskell having hbase hdfs heap helm heroku
hibernate hive homebrew hubspot hudi huggingface iam iceberg idris influxdb inner insert insomnia instagram instance
int integer intellij intercom interface into ionic ios ipad iphone istio iterator jaeger jakarta jasmine java
javascript jenkins jest jetbrains jetty jinja jira join jooq jpa jquery json julia junit jupyter kafka kanban keras
kernel keycloak kibana kinesis knative knuth-morris-pratt kotlin kubectl kubernetes kwarg lambda langchain langgraph
laravel latex lerna less lightgbm linear linkedin linkerd lint linux liquibase lisp list lit llama llamaindex locust
log4j logstash long looker lua lucene macbook macos magento maker map mapreduce mariadb markdown marketo matlab
matplotlib maven mcp memcached mercurial mermaid metabase metadata meteor micronaut microsoft midjourney minikube
minio minitab mistral mixpanel mlflow mocha mock mockito module monad mongo mongodb mongoose monorepo mqtt mui
mulesoft mutex mypy mysql namespace nats needleman-wunsch neo4j neon neovim nest nestjs netbeans netlify next nexus
nginx nil nim nix node nodejs nomad notepad notion npm nuget null number numpy nuxt nvidia oauth object objective
ocaml octave okta onedrive onenote openai openapi opencv openshift openssl opentelemetry optional opus oracle otel
outer outlook override package pagerduty pandas param parquet partial pascal patroni paypal perl perplexity photoshop
php pinecone pip plotly pod podman poetry pojo polars popen postfix postgis postgres postgresql postman powerbi
powerpoint powershell prefect prettier prisma private prolog prometheus promise protected protobuf proxmox proxy
public pulsar pulumi puppet puppeteer pycharm pydantic pytest python pytorch qdrant qlik quarkus queryset queue
quicksight qwen r rabbitmq rails ray razor react reactjs record reddit redis redshift redux references regex remix
repo repository requests result retool returning rider roblox rollback rollup ruby runbook rust rustc s3 safari
sagemaker salesforce samba sass scala schema scikit scipy scrapy scratch scrum scss seaborn secret select selenium
semaphore sentry sequelize serializer serverless service servicenow set setter sharepoint shell shopify short simulink
sinatra singleton sketch skype slack smith-waterman snowflake snowpark snyk socket solaris solidity solr sonar
sonarqube sonnet sourcetree spark splunk spotify spring springboot sqlalchemy sqlite sqs stack stackoverflow static
storybook strapi streamlit string stripe struct struts sublime subprocess supabase superset svelte sveltekit svn
swagger swift swiftui switch symfony table tableau tailwind talend tauri teamcity teams telegram temporal tensorboard
tensorflow terraform terragrunt test thread thrift tiktok tomcat traefik trait transformers travis trello trino tuple
turborepo twig twilio twitter type typeof typescript ubuntu uint union unity unreal unsigned update vagrant valgrind
values varchar vault vec vector vercel vertex view vim visio vite vitest void vscode vue vuex waf webflow webhook
webpack webrtc websocket whatsapp where whisper widget windows wireshark wordpress wsl xcode xen xgboost yarn yield
youtube zabbix zapier zendesk zig zod zookeeper zoom zsh
"""
# Words of instructions, headings and forms, which are capitalised without being names.
_HEADLINES = """
aadhaar about above absolutely abstract accept access account accounts achievement action active activity add additional
admin advanced after agenda agent agents agreement alert algorithm all allow also always analyse analysis analyst
analytics
analyze and annual another answer any app appendix application applications apply approach approval archive are
arguments article as ask assign assistant assume attach attachment audience audit author auto available average avoid
award back backend background backlog balance bar base based basic batch bayesian before begin behavior behaviour
below benefits best big bin block blog board body bonus book both bottom box branch break brief bring browser bucket
budget bug build builder bulk business but button buy by calculate calendar call campaign can cancel candidate
capacity card carefully cart cartesian case catalog category cause center central change changes channel chapter chart
chat check checklist chief choose city clean clear click client close code collection column columns combine command
comment comments commit common communication community company compare comparison complete component computer concept
conclusion condition config configuration confirm connect consider console constraints consumer contact container
content context contract control convert cookie copy core correct cost could council count countries country coverage
create criteria critical cross current currently custom customer customers daily dashboard data database dataset date
dates day days deadline deal dear debug decision decisions default define definition delete deliver delivery demo
department dependencies deploy deployment description design desktop detail details detect determine develop developer
developers development device devices diagram difference digital direct director directory discuss discussion display
do docs document documentation documents does domain done down download draft drive driver due duration during each
early east eastern easy edit editor education effective either email emails employee employees empty enable end
endpoint engine engineer engineering ensure enter enterprise entity entry environment epic err error errors escalation
estimate euclidean evaluate even evening event events ever every example examples excellent except exclude execute
executive exercise exit expected expense experience expert explain explore export extend external extra extract
facility factor fail failed failure false family fast fatal favorite feature features federal feedback field fields
figure file files filter final finally finance financial find first fix flag flash flow focus folder follow following
food for force forecast foreign form format formula forum found frame framework free freelance frequently friday from
front frontend full fun future game gather gaussian general generate get give given global goal goals good government
grade great green gregorian grid group groups guid guide guidelines handle has have he header headers heading health
hello help helpful her here hi hide high highlight his history hold home hot hour hours how however human i idea ideas
identify if ignore image images impact implement implementation import important improve improvement in inbox incident
include income incoming index industry info information infrastructure initial input insert inside insights install
instead instruction instructions integration intern internal international introduction invalid inventory invest
investment invite invoice is issue issues it item items its job join journal junior just keep key keys keyword
knowledge lab label labels language large last late later latest latin launch law layer layout lead leader leads learn
learning least leave legal lemma length lesson let level library license life light like limit limited line lines link
links literature live load loan local location log logic login logs long look low mail main maintenance make manage
management manager manual many marketing master match math matrix max maximum may maybe me mean means measure media
meeting member members memory menu merge message messages method metric metrics middle migrate migration milestone min
minimum minor minutes mission mobile mode model models modern module monday monitor monitoring month monthly more
morning most move much multi multiple must my national native network never new news newtonian next night no nodes
none normal north northern not note notes nothing notice notification now number object objective objectives of offer
office official often ok old on once one online only open operation operations operator option optional options or
order orders organization original other others our out outcome outline output outside over overview owner package
page pages paid parameters parent parse part partner partners parts password patch path pattern payment pending people
per percent perform performance perhaps period permission persona personal phase phone photo pick pipeline place plan
planning platform play please plugin point points policies policy pool popular port portal position post power
practice pre premium prepare present presentation press preview previous price pricing primary print priority private
pro problem procedure process processing processor product production products professional profile profit program
project projects prompt proposal protocol provide provider public publish pull purchase purpose push put quality
quarter quarterly query question questions quick quote random range rank rate raw read reader ready real reason
receive recent recommend recommendations record records red redirect reduce refactor reference references refund
region register registration regular reject related release remember reminder remote remove rename render repair
repeat replace reply report reporting reports request requests require required requirement requirements research
reset resolution resource resources respond response rest restart restore result results retail retention retrieve
retry return returns revenue review reviews rewrite right risk risks road roadmap role roles roman root round row rows
rule rules run sale sales sample save say scale scan schedule school science scope score screen script search season
second section security see select send senior sent sentence serial server servers service services session set
settings setup share sheet shift ship shipping short should show side sign silver simple since single site size skill
skills skip small smart so social software solution solve some something sort source south southern space special
specific speed split sprint sprints staff stage stakeholder standard start starter state statement states status step
steps still stock stop storage store story strategy stream street strong structure student style subject submit
success suggest suggestions suite sum summarise summarize summary sunday supplier support sure survey sync syntax
system systems tab table tag take talk target task tasks tax team technical technology template term terms test
testing tests text thank thanks that the their them theme then theorem there these they thing think third this those
thread three through ticket tickets time timeline timeout times tip tips title to today todo together token tokens
tone too tool tools top topic total trace track traffic training transfer transform translate translation travel true
try turn tutorial two type types typical under understand undo unicode unit university unknown unless until up update
upgrade upload upper urgent usage use user users using uuid valid validate validation value values variable vendor
verbose verify version very via video view virtual vision visit voice volume vs wait walk want warehouse warn warning
was watch we web website week weekly welcome well were west western what when where whether which while white who
whole why wide will window winter with within without word work worker workflow workflows working works workshop
workspace world would write writer writing wrong year years yes yesterday yet you young your zero zone
"""
# Words with which sentences begin, so that their capital says nothing.
_STARTS = """
a about add after all also although an and answer any are as ask assume at based be because before both but by
calculate can change check choose combine compare complete compute consider convert could create decide define delete
describe design did do does don't during each either else ensure every explain extract few find first fix follow for
format from generate get give given had has have he hello help her here his how however i i'd i'll i'm i've if imagine
implement in include instead into is it it's its keep last let let's list look make many may me might more most must
my need never next no not note now of off on once one only or order other our out over please propose put read
recommend refactor remember remove rename replace return review rewrite run second select set she should show simplify
since so some sort split start state still such suggest sum summarise summarize take tell test than thanks that the
their them then there these they think third this those to translate try turn two under until up update use using
verify very was we we're we've were what what's when where whether which while who why will with without word would
write yes yet you you're your
"""
# After the name of a scientist these say that a thing is meant: "Bayes' theorem", "Moore's law", "a Bloom filter".
_EPONYMS = """
algorithm algorithms chain chains chart charts cipher circle code codes coefficient conjecture constant correlation
criterion curve cycle decomposition descent diagram diagrams distance distribution effect effects encoding equation
equations equivalence estimator filter filters form function functions hypothesis identity index inequality kernel law
laws lemma logic loop machine machines matrices matrix mechanics method methods model notation number numbers
optimisation optimization paradox principle process razor regression relativity rule sampling scale score search
sequence series set sets sort space spaces style test tests theorem theorems transform transformation tree trees
"""
# What a company's name ends in.
_COMPANY_ENDS = """
ab ag agency airlines airways aps as asa associates bank bv capital clinic co college company consultants consulting
corp corporation energy enterprises foods foundation gmbh group holding holdings hospital inc incorporated industries
institute insurance kg kgaa kk laboratories labs limited llc llp logistics lp ltd media ministry motors nv orchestra
oy oyj partners pharma pharmaceuticals plc pte pty pvt sa sarl sas se software solutions spa srl studios systems
technologies ug university ventures
"""
# Countries, in one word and in more.
_COUNTRIES = """
afghanistan albania algeria andorra angola argentina armenia australia austria azerbaijan bahamas bahrain bangladesh
barbados belarus belgium belize benin bhutan bolivia bosnia botswana brazil brunei bulgaria burundi cambodia cameroon
canada chile china colombia congo croatia cuba cyprus czechia denmark djibouti dominica ecuador egypt england eritrea
estonia eswatini ethiopia fiji finland france gabon gambia georgia germany ghana greece greenland greenlander grenada
guatemala guinea guyana haiti herzegovina honduras hungary iceland india indonesia iran iraq ireland israel italy
jamaica japan jordan kazakhstan kenya kiribati korea kosovo kuwait kyrgyzstan laos latvia lebanon lesotho liberia
libya liechtenstein lithuania luxembourg madagascar malawi malaysia maldives mali malta mauritania mauritius mexico
moldova monaco mongolia montenegro morocco mozambique myanmar namibia nepal netherlands nicaragua niger nigeria norway
oman pakistan palau palestine panama paraguay peru philippines poland portugal qatar romania russia rwanda samoa
scotland senegal serbia seychelles singapore slovakia slovenia somalia spain sudan suriname sweden switzerland syria
taiwan tajikistan tanzania thailand togo tonga tunisia turkey turkmenistan uganda ukraine uruguay uzbekistan vanuatu
venezuela vietnam wales yemen zambia zimbabwe
"""
_MORE_COUNTRIES = """
burkina faso, cape verde, costa rica, czech republic, dominican republic, el salvador, hong kong, ivory coast,
new zealand, north korea, north macedonia, papua new guinea, puerto rico, san marino, saudi arabia, sierra
leone, south africa, south korea, sri lanka, trinidad and tobago, united arab emirates, united kingdom, united
states
"""

TECHNOLOGY = frozenset(_TECHNOLOGY.split())
HEADLINES = frozenset(_HEADLINES.split())
STARTS = frozenset(_STARTS.split())
EPONYMS = frozenset(_EPONYMS.split())
COMPANY_ENDS = frozenset(_COMPANY_ENDS.split())
COUNTRIES = frozenset(_COUNTRIES.split()) | {" ".join(name.split()) for name in _MORE_COUNTRIES.split(",")}

# Great cities whose names are no everyday words.
_CITIES = """
abu dhabi, abuja, accra, addis ababa, algiers, amsterdam, ankara, antananarivo, antwerp, athens, atlanta,
auckland, austin, baghdad, bangkok, barcelona, basel, beijing, beirut, belfast, belgrade, bengaluru, berlin,
bilbao, birmingham, bogota, boise, bologna, bordeaux, boston, bratislava, brisbane, brussels, bucharest,
budapest, buenos aires, busan, cairo, calgary, canberra, cape town, caracas, casablanca, chengdu, chennai,
chicago, cologne, copenhagen, cracow, da nang, daejeon, dakar, dallas, damascus, delhi, denver, detroit, dhaka,
dresden, dubai, dublin, durban, edinburgh, frankfurt, fukuoka, gdansk, geneva, genoa, glasgow, gothenburg,
guangzhou, halifax, hamburg, hanoi, harare, havana, helsinki, houston, hyderabad, istanbul, jakarta, jeddah,
jerusalem, johannesburg, kabul, kampala, karachi, kathmandu, kiev, kigali, kinshasa, kobe, kolkata, krakow,
kuala lumpur, kyiv, kyoto, lagos, lahore, las vegas, leeds, leipzig, lima, lisbon, liverpool, ljubljana, london,
los angeles, lyon, madrid, malaga, malmo, manchester, manila, marseille, medellin, melbourne, mexico city,
miami, milan, minneapolis, minsk, montevideo, montreal, moscow, mumbai, munich, nagoya, nairobi, naples,
nuremberg, osaka, oslo, ottawa, palermo, paris, perth, philadelphia, porto, prague, pretoria, pune, pusan,
pyongyang, quito, reykjavik, riga, rio de janeiro, riyadh, rotterdam, salzburg, san diego, san francisco, san
jose, santiago, sapporo, sarajevo, seattle, seoul, seville, shanghai, sheffield, shenzhen, stavanger, stockholm,
strasbourg, stuttgart, sydney, taipei, tallinn, tashkent, tbilisi, tehran, tel aviv, tokyo, toronto, toulouse,
tripoli, tunis, turin, turku, uppsala, utrecht, valencia, vancouver, venice, vienna, vilnius, warsaw,
wellington, winnipeg, wroclaw, yangon, yerevan, yokohama, zagreb, zurich
"""
CITIES = frozenset(" ".join(name.split()) for name in _CITIES.split(","))
