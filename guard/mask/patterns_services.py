"""Rows for keys of model providers and of services such as chat, mail and payment, which their own form gives away."""

from __future__ import annotations

from guard.mask.rows import END, START, Row
from guard.mask.secret_forms import token

_A = "aB3dE6gH9jK2mN5pQ8sT1vW4xY7zA0cF"  # stands for random characters in the examples
_HEX = "0123456789abcdef"
_UUID = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
_IS_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

_MODELS = (
    token(r"sk-(?:proj|svcacct|admin|ant|or|lf|live|test|None)-[0-9A-Za-z_-]{16,250}", "sk-", example=f"sk-proj-{_A}"),
    token(r"sk-ant-[a-z]{3,8}[0-9]{2}-[0-9A-Za-z_-]{20,250}", "sk-ant-", example=f"sk-ant-api03-{_A}"),
    token(
        r"sk-(?=[A-Za-z-]{0,40}[0-9])[0-9A-Za-z]{20,250}",
        "sk-",
        example=f"sk-{_A}",
        near=("sk-learn-contrib-packages",),
    ),
    token(r"sk_[0-9a-f]{48}", "sk_", example=f"sk_{_HEX * 3}"),
    token(r"sess-[0-9A-Za-z]{40}", "sess-", example=f"sess-{_A}x7BqR4tY"),
    token(r"(?:hf|api_org)_[0-9A-Za-z]{30,100}", "hf_", "api_org_", example=f"hf_{_A}x7", near=("hf_hub_download",)),
    token(r"gsk_[0-9A-Za-z]{30,100}", "gsk_", example=f"gsk_{_A}"),
    token(r"xai-[0-9A-Za-z_]{40,120}", "xai-", example=f"xai-{_A}{_A}"),
    token(r"r8_[0-9A-Za-z]{30,50}", "r8_", example=f"r8_{_A}x7Bq"),
    token(r"pplx-[0-9A-Za-z]{30,80}", "pplx-", example=f"pplx-{_A}"),
    token(r"tgp_v1_[0-9A-Za-z_-]{40,60}", "tgp_v1_", example=f"tgp_v1_{_A}x7BqR4tY8uI"),
    token(r"fw_[0-9A-Za-z]{20,30}", "fw_", example=f"fw_{_A[:24]}", near=("fw_version", "fw_update_in_progress_now")),
    token(r"tvly-(?:dev-|prod-)?[0-9A-Za-z-]{24,60}", "tvly-", example=f"tvly-dev-{_A}"),
    token(r"lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10}", "lsv2_", example=f"lsv2_pt_{_HEX}{_HEX}_0123456789"),
    token(r"pcsk_[0-9A-Za-z]{4,8}_[0-9A-Za-z]{40,80}", "pcsk_", example=f"pcsk_aB3dE6_{_A}{_A}"),
    token(r"wandb_v1_[0-9A-Za-z_]{40,100}", "wandb_v1_", example=f"wandb_v1_{_A}{_A}"),
    token(r"nvapi-[0-9A-Za-z_-]{60,70}", "nvapi-", example=f"nvapi-{_A}{_A}"),
    token(r"csk-[0-9a-z]{40,60}", "csk-", example=f"csk-{_HEX * 3}"),
    token(r"jina_[0-9a-f]{32}[0-9A-Za-z_-]{20,40}", "jina_", example=f"jina_{_HEX}{_HEX}{_A}"),
    token(r"e2b_[0-9a-f]{40}", "e2b_", example=f"e2b_{_HEX}{_HEX}01234567"),
)

_SERVICES = (
    token(r"xox[abcdeoprs](?:\.xox[bp])?-[0-9A-Za-z-]{10,400}", "xox", example="xoxb-2948571039-aB3dE6gH9jK2"),
    token(
        r"xapp-[0-9]-[0-9A-Z]{8,15}-[0-9]{8,15}-[0-9a-f]{40,80}",
        "xapp-",
        example=f"xapp-1-A0BCDE2FG-{'12345' * 2}-{_HEX * 4}",
    ),
    Row(
        "SECRET",
        rf"{START}[MNO][0-9A-Za-z_-]{{23,27}}\.[0-9A-Za-z_-]{{6}}\.[0-9A-Za-z_-]{{27,40}}{END}",
        0.95,
        (f"discord «MTE{_A[:23]}.GaB3dE.{_A}»",),
        ("Open the bot.py file",),
        ("discord", "bot", "token"),
    ),
    token(r"[0-9]{8,10}:AA[0-9A-Za-z_-]{32,34}", ":aa", example=f"123456789:AA{_A}x"),
    token(
        r"(?:sk|rk|pk)_(?:live|test)_[0-9A-Za-z]{16,250}",
        "k_live_",
        "k_test_",
        example="sk_live_aB3dE6gH9jK2mN5pQ8sT1vW4",
    ),
    token(r"whsec_[0-9A-Za-z+/]{24,100}={0,2}", "whsec_", example=f"whsec_{_A}"),
    token(r"sq0(?:atp|csp|idp)-[0-9A-Za-z_-]{22,43}", "sq0", example=f"sq0atp-{_A[:22]}"),
    token(r"EAA[0-9A-Za-z_-]{50,250}", "eaa", example=f"EAACEdEose0cBA{_A}{_A}", near=("IEAA", "eaa")),
    token(
        r"access_token\$(?:production|sandbox)\$[0-9a-z]{16}\$[0-9a-f]{32}",
        "access_token$",
        example=f"access_token$production${_HEX}${_HEX}{_HEX}",
    ),
    token(rf"access-(?:sandbox|development|production)-{_IS_UUID}", "access-", example=f"access-sandbox-{_UUID}"),
    token(r"rzp_(?:live|test)_[0-9A-Za-z]{14}", "rzp_", example=f"rzp_live_{_A[:14]}"),
    token(r"FLWSECK(?:_TEST)?-[0-9a-zA-Z]{12,40}(?:-X)?", "flwseck", example=f"FLWSECK-{_HEX}{_HEX}-X"),
    token(r"EZ[AT]K[0-9A-Za-z]{50,60}", "ezak", "eztk", example=f"EZAK{_A}{_A[:22]}"),
    token(r"shippo_(?:live|test)_[0-9a-f]{40}", "shippo_", example=f"shippo_live_{_HEX}{_HEX}01234567"),
    token(
        r"shp(?:at|ca|pa|ss|tka)_[0-9a-fA-F]{32}",
        "shpat_",
        "shpca_",
        "shppa_",
        "shpss_",
        "shptka_",
        example=f"shpat_{_HEX}{_HEX}",
    ),
    token(
        r"SG\.[0-9A-Za-z_-]{16,32}\.[0-9A-Za-z_-]{32,64}", "sg.", example=f"SG.aB3dE6gH9jK2mN5pQ8sT1v.{_A}x7BqR4tY8uI"
    ),
    token(r"key-[0-9a-f]{32}", "key-", example=f"key-{_HEX}{_HEX}"),
    token(r"[0-9a-f]{32}-us[0-9]{1,2}", "-us", example=f"{_HEX}{_HEX}-us14"),
    token(r"xkeysib-[0-9a-f]{64}-[0-9A-Za-z]{16}", "xkeysib-", example=f"xkeysib-{_HEX * 4}-{_A[:16]}"),
    token(r"(?:ntn|secret)_[0-9A-Za-z]{40,60}", "ntn_", "secret_", example=f"ntn_{_A}x7BqR4tY8u"),
    token(r"lin_(?:api|oauth)_[0-9A-Za-z]{30,64}", "lin_", example=f"lin_api_{_A}x7BqR4tY"),
    token(r"pat[0-9A-Za-z]{14}\.[0-9a-f]{64}", "pat", example=f"pat{_A[:14]}.{_HEX * 4}"),
    token(rf"pat-(?:na|eu|ap)[0-9]-{_IS_UUID}", "pat-", example=f"pat-na1-{_UUID}"),
    token(r"fig[doru]{1,2}_[0-9A-Za-z_-]{36,60}", "fig", example=f"figd_{_A}x7BqR4tY"),
    token(r"tfp_[0-9A-Za-z_-]{40,70}", "tfp_", example=f"tfp_{_A}x7BqR4tY"),
    token(r"CFPAT-[0-9A-Za-z_-]{40,50}", "cfpat-", example=f"CFPAT-{_A}x7BqR4tY8uI"),
    token(r"sl\.(?:u\.)?[0-9A-Za-z_-]{120,1400}", "sl.", example=f"sl.{_A * 4}"),
    token(r"nyk_v0_[0-9A-Za-z]{40,80}", "nyk_v0_", example=f"nyk_v0_{_A}{_A}"),
    token(r"00D[0-9A-Za-z]{12}(?:[0-9A-Za-z]{3})?![0-9A-Za-z._]{60,120}", "00d", example=f"00D{_A[:12]}!{_A}{_A}"),
    token(r"AAAA[0-9A-Za-z_-]{7}:APA91b[0-9A-Za-z_-]{100,200}", ":apa91b", example=f"AAAA{_A[:7]}:APA91b{_A * 4}"),
    token(r"AAAAAAAAAAAAAAAAAAAA[0-9A-Za-z%]{60,110}", "aaaaaaaaaaaaaaaaaaaa", example=f"{'A' * 20}{_A}%2B{_A}"),
)

SERVICES: tuple[Row, ...] = (*_MODELS, *_SERVICES)
