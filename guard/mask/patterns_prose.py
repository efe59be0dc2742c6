"""Rows for what points at a person only together with more, and what the default policy therefore keeps.

Trades, nationalities and beliefs.
"""

from __future__ import annotations

from guard.mask.rows import END, LETTERS, START, UPPER, Row, by_letter

# What the last word of a trade is, most often.
_TRADES = (
    "accountant|actor|actress|actuary|adjuster|administrator|advisor|adviser|agent|aide|analyst|anesthetist"
    "|announcer|anthropologist|appraiser|apprentice|arbitrator|archaeologist|architect|archivist|artist|assembler"
    "|assessor|assistant|associate|astronomer|attendant|attorney|auctioneer|auditor|baker|bailiff|banker|barber|barista"
    "|bartender|biologist|blacksmith|boilermaker|bookkeeper|botanist|brewer|bricklayer|broker|butcher|buyer|captain"
    "|caretaker|carpenter|cartographer|cashier|chaplain|chauffeur|chef|chemist|choreographer|cleaner|clerk|coach"
    "|collector"
    "|columnist|composer|conductor|consultant|contractor|controller|cook|coordinator|copywriter|counselor|counsellor"
    "|courier|curator|dancer|dealer|dentist|designer|detective|developer|dietitian|director|dispatcher|doctor"
    "|drafter|driver|economist|editor|educator|electrician|engineer|engraver|estimator|examiner|executive|fabricator"
    "|farmer"
    "|fitter|florist|foreman|forester|fundraiser|gardener|geographer|geologist|glazier|grader|guard|guide|hairdresser"
    "|handler|helper|historian|hostess|housekeeper|hunter|hygienist|illustrator|inspector|installer|instructor"
    "|interpreter"
    "|interviewer|investigator|janitor|jeweler|journalist|judge|keeper|laborer|labourer|landscaper|lawyer|lecturer"
    "|librarian|lifeguard|linguist|locksmith|logger|machinist|magistrate|manager|marshal|mason|mathematician|mechanic"
    "|mediator"
    "|messenger|meteorologist|midwife|miner|model|mover|musician|negotiator|nurse|nutritionist|officer|operator"
    "|optician"
    "|optometrist|orderly|painter|paralegal|paramedic|pathologist|pharmacist|photographer|physician|physicist|pilot"
    "|planner"
    "|plasterer|plumber|policeman|porter|postmaster|presenter|principal|printer|producer|professor|programmer"
    "|projectionist|promoter|psychiatrist|psychologist|publisher|radiologist|ranger|realtor|receptionist|recruiter"
    "|repairer"
    "|reporter|representative|researcher|roofer|sailor|salesman|salesperson|saleswoman|scientist|sculptor|secretary"
    "|server"
    "|sheriff|shoemaker|singer|sociologist|solicitor|specialist|statistician|steward|stewardess|strategist"
    "|superintendent"
    "|supervisor|surgeon|surveyor|tailor|teacher|technician|technologist|telemarketer|teller|therapist|trader|trainer"
    "|trainee|translator|tutor|typist|undertaker|underwriter|upholsterer|usher|veterinarian|waiter|waitress|warden"
    "|weaver|welder"
    "|woodworker|worker|writer|zoologist"
)
_TRADE = rf"[{LETTERS}][{LETTERS}'’-]{{0,24}},?(?:,? (?:and |of |& )?[{LETTERS}][{LETTERS}'’-]{{0,24}},?){{0,5}}"
_NATIONS = (
    "afghan|african|albanian|algerian|american|angolan|arab|argentine|argentinian|armenian|asian|australian|austrian"
    "|azerbaijani|bangladeshi|basque|belarusian|belgian|belizean|belizian|bolivian|bosnian|brazilian|british|bulgarian"
    "|burmese|cambodian|cameroonian|canadian|catalan|chechen|chilean|chinese|colombian|congolese|croatian|cuban"
    "|cypriot|czech|danish|dutch|ecuadorean|ecuadorian|egyptian|english|eritrean|estonian|ethiopian|european|fijian"
    "|filipino|finnish|flemish|french|georgian|german|ghanaian|greek|greenlandic|guatemalan|haitian|hispanic|honduran"
    "|hungarian|icelandic|indian|indonesian|iranian|iraqi|irish|israeli|italian|ivorian|jamaican|japanese|jordanian"
    "|kazakh|kenyan|korean|kosovar|kurdish|kuwaiti|kyrgyz|laotian|latino|latina|latvian|lebanese|liberian|libyan"
    "|lithuanian|macedonian|malaysian|maltese|mexican|moldovan|mongolian|montenegrin|moroccan|namibian|nepalese|nepali"
    "|nicaraguan|nigerian|norwegian|omani|pakistani|palestinian|panamanian|paraguayan|peruvian|polish|portuguese"
    "|qatari|romanian|russian|rwandan|salvadoran|saudi|scottish|senegalese|serbian|singaporean|slovak|slovakian"
    "|slovene|slovenian|somali|spanish|sudanese|swedish|swiss|syrian|taiwanese|tajik|tanzanian|thai|tibetan|tunisian"
    "|turkish"
    "|turkmen|ugandan|ukrainian|uruguayan|uzbek|venezuelan|vietnamese|welsh|yemeni|zambian|zimbabwean"
    "|anglican|atheist|baptist|buddhist|calvinist|catholic|christian|evangelical|hindu|islamic|jain|jewish|jew|lutheran"
    "|mennonite|methodist|mormon|muslim|orthodox|pentecostal|presbyterian|protestant|quaker|sikh|shia|shii|shiite"
    "|sunni|taoist"
    "|communist|conservative|democrat|labour party|liberal democrat|marxist|nationalist|republican|socialist"
)
_STEMS = tuple(sorted({word[:4] for word in _NATIONS.split("|")}))

PROSE: tuple[Row, ...] = (
    Row(
        "TITLE",
        rf"(?i:(?:^|\n)[>\s]{{0,4}}(?P<value>(?:{_TRADE} )?(?:{_TRADES}))[ \t]{{0,3}}(?=\n|$))",
        0.6,
        ("Alice Meyer\n«Technical writer»\nExample Ltd.", "Bob\n«Court, municipal, and license clerk»\n", "«nurse»"),
        ("Technical writer of the year", "the writer\tand more", "driver: postgres"),
        needs=tuple(sorted({word[-3:] for word in _TRADES.split("|")})),
    ),
    Row(
        "TITLE",
        rf", the (?P<value>[{UPPER}][{LETTERS}-]{{0,24}}(?: [{LETTERS}-]{{1,24}}){{0,4}} (?:{_TRADES})"
        rf"|[{UPPER}](?i:{_TRADES})),",
        0.6,
        ("Alice, the «Technical writer», said",),
        ("so, the driver, once loaded, fails",),
        needs=(", the ",),
    ),
    Row(
        "NRP",
        rf"{START}(?:{by_letter(*_NATIONS.split('|'))})(?i:e?s)?{END}(?![-/][A-Za-z]{{2}})",
        0.6,
        ("a «German» car", "two «Russians» and", "the «cambodian» office"),
        ("Germany", "polished", "en-US"),
        needs=_STEMS,
    ),
)
