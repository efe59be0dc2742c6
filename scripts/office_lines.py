# ruff: noqa: E501  the lines of a corpus stay whole
"""Invented lines of office language for training: requests without a name, and mails, forms and lists with one.

The public sets are news, film reviews and an encyclopedia. Without these lines a model takes every product for a
company, and misses "담당자: …" and "…様". Everything here is made up; a name is a surname and a given name drawn at random.
"""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Iterator
from typing import NamedTuple

from guard.backends.korean_features import SURNAMES


class Line(NamedTuple):
    """A text with its spans: start, end, kind; end exclusive."""

    text: str
    spans: tuple[tuple[int, int, str], ...]


class Language(NamedTuple):
    """Tables for one language. A frame has places such as {person}; `kinds` gives the label of each, or "" for none."""

    words: dict[str, tuple[str, ...]]
    kinds: dict[str, str]
    plain: tuple[str, ...]
    named: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.replace("\\n", "\n") for line in text.strip().splitlines())


KOREAN = Language(
    words={
        "topic": _words(
            "엑셀 파이썬 자바 자바스크립트 리액트 도커 쿠버네티스 리눅스 깃허브 슬랙 노션 지라 테라폼 카프카 레디스 스프링 장고 구글시트 "
            "파워포인트 워드 아웃룩 데이터베이스 인덱스 쿼리 알고리즘 함수 클래스 코드 스크립트 서버 클라우드 API SQL JSON CSV HTML JOIN "
            "보고서 회의록 제안서 계약서 공문 메일 발표자료 기획안 견적서 예산안 일정표 업무일지 설문지 안내문 공지사항 매뉴얼 체크리스트 "
            "고객 데이터 통계 매출 재고 비용 세금 급여 휴가 출장 교육 채용 면접 평가 마케팅 광고 브랜드 물류 품질 보안 개인정보 "
            "프로젝트 로드맵 아키텍처 테스트 배포 버그 로그 모니터링 백업 네트워크 방화벽 인증 토큰 캐시 메모리 프로세스 컨테이너 "
            "그래프 도표 수식 확률 미분 행렬 번역 문장 단락 제목 초안 요약 시 소설 이야기 요리 운동 건강 날씨 여행 음악 영화"
        ),
        "detail": _words(
            "간단히 자세히 단계별로 표로 세 문장으로 영어로 쉽게 다시 빠르게 정중하게 전문적으로 하나씩 모두 더 조금 짧게 오늘 내일까지 이번"
        ),
        "action": _words(
            "설명해 정리해 요약해 작성해 만들어 고쳐 분석해 비교해 번역해 검토해 알려 찾아 추천해 계산해 바꿔 줄여 강조해 지원해 개선해"
        ),
        "thing": _words(
            "방법 이유 차이 원인 기준 절차 구조 장점 단점 예시 의미 한도 속도 오류 설정 이상 정도 순서 종류 범위"
        ),
        "title": _words(
            "과장 부장 대리 차장 팀장 대표 이사 교수 책임 선임 사원 주임 실장 상무 매니저 연구원 원장 변호사 간호사 선생님 기자 주무관"
        ),
        "label": _words(
            "성명 이름 담당자 신청인 환자명 예금주 대표자 보호자 수신 발신 작성자 수령인 받는사람 보내는사람 임차인 임대인 고객명 계약자 "
            "피보험자 참석자 지원자 학생명 주치의 지도교수 결재 담당의 접수자 민원인 고소인 피의자 상담원 기안자"
        ),
        "surname": _words(
            "김 이 박 최 정 강 조 윤 장 임 한 오 서 신 권 황 안 송 류 홍 전 고 문 손 양 배 백 허 남 심 노 하 곽 성 차 주 우 구 민 유 진 남궁 황보"
        ),
        "given": _words(
            "민수 서연 지훈 하은 도윤 지우 예준 수빈 현우 은지 영희 철수 미경 상철 정숙 동현 유진 태호 보람 가영 이안 온유 나리 하늘 아름 은호 한결 태경 종필 성민 혜진 준호 나래 "
            "다은 시우 라희 건우 소율 재현 경민 채원 승우 윤아 기훈 선영 명수 순자 영수 말순 한별 슬기 아름 찬영 규리 효정 율 솔 준 현"
        ),
        "rare": tuple(sorted(SURNAMES)),
        "syllable": _words(
            "가 강 건 경 고 관 광 교 규 근 금 기 길 나 남 노 다 대 덕 도 동 두 라 란 래 령 리 린 만 말 명 모 무 문 미 민 배 범 별 병 보 복 봄 "
            "비 빈 빛 사 상 새 서 석 선 설 섭 성 세 소 솔 송 수 숙 순 슬 승 시 신 아 안 애 양 언 연 열 영 예 옥 온 완 용 우 욱 운 웅 원 유 "
            "윤 율 은 을 이 인 일 임 자 재 정 제 조 종 주 준 중 지 진 찬 창 채 천 철 청 초 춘 충 치 태 택 하 한 해 향 혁 현 형 혜 호 홍 화 환 효 훈 휘 희"
        ),
        "stem": _words(
            "가람 한빛 누리 미르 다온 해오름 새롬 푸른 온새 바른 한울 솔빛 라온 늘봄 새벽별 이든 나래 두레 하람 가온 도담 나눔 솔뫼 해온 "
            "큰바위 은하 아라 미리내 초롱 샛별 한마루 다솜 참빛 예그리나 물빛 동녘 하늬 여울 너울 소담 큰별 백두 한강 금강 대한 동아 삼정 태성 "
            "신우 명성 대원 유성 세종 우진 서해 남도 북성 코어 넥스트 블루 그린 제이앤 에스엠 비에스 케이디 알파 오메가"
        ),
        "suffix": _words(
            "테크 솔루션 상사 전자 건설 제약 은행 병원 네트웍스 재단 물산 바이오 항공 식품 증권 시스템 소프트 교육 보험 손해보험 생명보험 화재 "
            "고등학교 중학교 초등학교 대학교 여자고등학교 유치원 경찰서 소방서 세무서 의원 치과 한의원 물류 출판사 출판 중공업 게임즈 엔터테인먼트 "
            "카드 캐피탈 저축은행 화학 에너지 모터스 미디어 디자인 컨설팅 연구소 법률사무소 법무법인 회계법인 신용금고 신협 마트 호텔 여행사 "
            "어린이집 요양원 복지관 도서관 약국 내과 정형외과 홀딩스 로지스틱스 인더스트리 커머스 랩스 스튜디오 농협 조합 협회 학원"
        ),
        "code": _words(
            "items size chunk rows user_id df.groupby logs WHERE SELECT FROM INSERT INTO VALUES COUNT JOIN len() print() os.path np.array created_at "
            "orders payments index.html config.yaml main.py utils.ts API_KEY DB_HOST REDIS_URL readinessProbe NullPointerException KeyError MCP "
            "GPT Claude Gemini EKS S3 EC2 RDS HPA CRD WHERE_CLAUSE getUserName IndexError TypeError useEffect useState async await v2.4.1 utf8mb4"
        ),
        "foreign": (
            "마이클 존슨",
            "응우옌 티 란",
            "왕웨이",
            "다나카 유키",
            "사라 브라운",
            "올가 페트로바",
            "데이비드 김",
            "쩐 반 남",
            "리샤오밍",
            "제임스 리",
        ),
        "company": _words(
            "가람테크 한빛솔루션 누리상사 미르전자 다온건설 해오름제약 새롬은행 푸른병원 온누리교회 바른법무법인 한울대학교 솔빛초등학교 "
            "라온네트웍스 늘봄복지재단 새벽물산 이든바이오 나래항공 두레식품 하람증권 가온시스템 서울중앙지방법원 국민건강보험공단 "
            "강남세무서 수원시청 한국도로공사"
        ),
        "place": (
            "서울 강남구",
            "부산 해운대구",
            "대전 유성구",
            "수원시 영통구",
            "제주",
            "전주시",
            "인천 송도동",
            "광주 북구",
            "역삼동",
            "판교",
            "춘천",
            "경기도 성남시 분당구 정자동",
            "베트남",
            "오사카",
            "뉴욕",
            "창원",
            "평택",
            "강릉시 교동",
            "여의도",
            "중국",
        ),
    },
    kinds={
        "someone": "PS",
        "firm": "OG",
        "person": "PS",
        "spaced": "PS",
        "short": "PS",
        "foreign": "PS",
        "company": "OG",
        "place": "LC",
    },
    plain=_lines(
        """
{topic} {thing}을 {detail} {action} 줘.
{topic}에서 {topic} {thing}을 {action} 주세요.
이 {topic}의 {thing}을 {detail} {action} 줘
{topic}와 {topic}의 {thing}이 뭐야?
{topic} 때문에 {topic}이 느려졌는데 {thing}이 뭘까요?
아래 {topic}을 {detail} {action} 주세요.
{topic}으로 {topic}을 읽어서 {thing}을 구하는 {topic}를 짜 줘.
우리 팀 {topic} {thing}에 대해 {detail} 알고 싶습니다.
이번 {topic}은 {thing}이 10% 이상 늘어난 정도입니다.
다음 주까지 {topic}와 {topic}을 {action} 달라고 하네요.
- {topic}: {thing} {action} 필요\\n- {topic}: 완료
전 부서에 {topic} {thing}을 안내하는 {topic}을 {action} 줘.
[{topic}] {thing} 안내
{topic} 담당 부서에 {thing}을 문의해 주세요.
{topic}이 하나도 없는 경우는 이 {thing}을 따릅니다.
이 {topic}만 따로 {action} 줘.
이 {topic}과 저 {topic}을 합쳐서 {detail} {action} 주세요.
{topic}은 어떻게 {action} 두는 게 좋은가요?
{topic}에서 {topic} {thing}을 조정하는 명령어는?
고객 {topic}은 언제까지 보관하나요?
{topic}, {topic}, {topic} 중에 {topic}에 뭐가 더 나은지 {action} 줘.
{topic} {topic}이 {topic} {topic}에서만 납니다. 어디부터 봐야 할까요?
{topic}랑 {topic} {topic} 비용 차이를 {number}TB 기준으로 {action} 주세요.
{code}에서 {topic}가 {code} 상태로 멈춰 있어요.
{code}가 뭔가요? {topic} {topic}이랑 뭐가 다른지 {action} 주세요.
{code}와 {code} 차이를 {action} 줘.
{topic} 대신 쓸 수 있는 {topic}를 고를 때 {topic}, {topic}, {topic} 기준으로 {action} 줘.
내용은 {topic} {topic} 추가, {topic} {topic} 개선, {topic} 수정입니다.
{topic}(예: {number}원)에서 {topic}만 뽑는 {topic}이 필요합니다.
{code} {code} {code}({code}) = '{topic}';
for {code} in range(0, {code}):\\n    return {code}  # {topic} {topic}
| {topic} | {topic} | {topic} |\\n|---|---|---|\\n| {number} | {topic} | {number} |
| {topic} | {number} |\\n| {topic} | {number} |
{topic},{topic},{topic}\\n{number},{topic},{number}
{time} ERROR {topic} {topic}: {code} {number}
{time} INFO {code}={number} {topic} 완료
커밋 {hex}, 버전 {number}에서 {topic} {topic}이 깨집니다.
{"id": "{uuid}", "{topic}": "{topic}", "{topic}": {number}}
{code}={hex}
저희 {topic}에 맞는 {topic}을 {action} 주세요.
우리 {topic} {topic} 초안을 {topic} 톤으로 써 줘.
당사 {topic}의 {topic}을 {topic}에 게시할 예정입니다.
- {topic}\\n- {topic} {topic}\\n- {topic}
1. {topic} {thing}\\n2. {topic} {topic}\\n3. {topic}
{topic}({topic})은 {topic}별로 {topic}해야 하나요?
{topic} 담당자에게 {topic}을 부탁하는 {topic} 써 줘.
"{topic} {topic}"을 {detail} 바꿔 줘
{topic}: {topic}\\n{topic}: {number}\\n{topic}: {topic} {topic}
{topic} 색을 하늘색에서 회색으로, {topic} 크기는 {number}px로 바꿔 주세요.
{topic}가 어려운 {topic}들에게 {topic}을 어떻게 {action} 줄까요?
{topic}이란 무엇이며 왜 {topic}가 필요한가요?
{topic}하는 {topic} 세 가지만 {action} 줘. {topic}은 {topic}이야.
"""
    ),
    named=_lines(
        """
{person} {title}님, {topic} 보내 드립니다.
{person} {title}에게 {topic} {thing}을 물어봐 줘.
안녕하세요, {company} {person}입니다. {topic} 건으로 연락드립니다.
{label}: {person}
{label} : {person} / 소속: {company}
{label} {person}\\n연락처 010-0000-0000
{label}: {spaced}
{short}씨가 {topic} {action} 달래요.
{person} 씨는 {place}에 살고 {company}에 다닙니다.
(주){company} 대표이사 {person}
㈜{company}에서 {topic}을 납품합니다.
주식회사 {company}와 {topic} 계약을 맺었습니다.
{person}, {person}, {person} 세 분이 {topic} 회의에 참석했습니다.
회장   {person}   010-0000-0000
1 {person} {title} {company}
| {person} | {title} | {place} |
{place}에서 열리는 {topic} 행사에 {person} {title}님이 오십니다.
{foreign} 씨의 {topic} 신청을 처리했습니다.
{label}: {foreign}
{person} 고객님 {topic} 문의 답변입니다.
환자 {person}은 {company}에서 {topic} 검사를 받았다.
{person} 올림
{person} 드림
지난주 {place} 출장에서 {company} {person} {title}을 만났어.
{person}이라는 사람이 {topic}을 보내라고 했어요
어제 {person}가 {place} 갔다던데
{person}: {topic} 봤어?\\n{person}: 아직, {short}한테 물어볼게
{title} {person} (인)
원고 {person}은 피고 {person}에게 {topic} 반환을 청구한다.
| {number} | {someone} | {topic} |
| 사번 | 성명 | 부서 |\\n|---|---|---|\\n| {number} | {someone} | 개발 |\\n| {number} | {someone} | 영업 |
| 이름 | 연락처 | {topic} |\\n| {someone} | 010-0000-0000 | {topic} |
이름,전화,{topic}\\n{someone},010-0000-0000,{topic}\\n{someone},010-0000-0000,{topic}
- {someone} {title}: {topic}\\n- {someone}: {topic} {topic}
1. {someone}\\n2. {someone}\\n3. {someone}
{"이름": "{someone}", "{topic}": "{topic}", "id": "{uuid}"}
INSERT INTO {topic} ({topic}, 이름) VALUES ({number}, '{someone}');
{time} INFO 고객={someone} 주문={number} {topic} 완료
{label}={someone} {topic}={number}
고객 {someone} {topic} {number}원
{label} {someone}, {topic} {number}
({label} {someone})로 {topic} 부탁드립니다.
{topic}은 {someone}이 했어요. 승인은 {someone}.
[{number}] {someone} 사용자가 {topic}을 신청했습니다.
저희 어머니 {someone} {topic} 예약해 주세요.
{someone}랑 {someone}가 {topic} 때문에 싸웠어.
{someone} {title} {topic}: {topic} 우수, {topic} 부족
{firm} {someone} 드림
안녕하세요, {firm} {someone}입니다.
{topic}을 부탁드립니다.\\n\\n{firm} {someone} 드림
{firm}에서 {topic}을 받았는데 {thing}이 궁금해요.
{firm} {topic} 담당자께 보낼 {topic}을 써 줘.
{someone}, {firm} 출신, {topic} {number}년
{place} 출신 {someone}은 {firm}로 이직했다.
{"{topic}": "{place}에서 {topic}"}
{someone} 고객님 안녕하세요, {firm} {topic} 안내입니다.
당번: 월 {short}, 화 {short}, 수 {someone}, 목 휴무
"""
    ),
)

JAPANESE = Language(
    words={
        "topic": _words(
            "エクセル Python Java JavaScript React ドッカー クバネティス Linux GitHub Slack パワーポイント ワード スプレッドシート データベース 索引 SQL "
            "JSON CSV HTML API クエリ アルゴリズム 関数 クラス コード スクリプト サーバー クラウド コンテナ ログ メモリ キャッシュ 認証 "
            "報告書 議事録 提案書 契約書 見積書 請求書 稟議書 企画書 資料 メール 案内文 手順書 週報 日報 予算 売上 在庫 費用 税金 給与 "
            "有給休暇 出張 研修 採用 面接 評価 広告 ブランド 商品 競合製品 自社製品 物流 品質 セキュリティ 個人情報 顧客 プロジェクト "
            "テスト バグ 監視 バックアップ ネットワーク グラフ 数式 確率 行列 翻訳 文章 段落 題名 要約 詩 物語 料理 運動 健康 天気 旅行 "
            "音楽 映画 おすすめ アンケート マニュアル テンプレート スケジュール"
        ),
        "detail": _words(
            "簡単に 詳しく 段階ごとに 表で 三行で 英語で やさしく もう一度 早めに 丁寧に すべて もう少し 短く 今日中に 明日までに"
        ),
        "action": _words(
            "説明して 整理して 要約して 作成して 直して 分析して 比べて 翻訳して 確認して 教えて 探して 提案して 計算して 変えて 強調して"
        ),
        "thing": _words(
            "方法 理由 違い 原因 基準 手順 構造 長所 短所 例 意味 上限 速度 エラー 設定 順番 種類 範囲 状況 注意点"
        ),
        "title": _words(
            "部長 課長 係長 主任 社長 専務 教授 先生 店長 室長 弁護士 マネージャー 主査 院長 看護師 取締役"
        ),
        "honorific": _words("様 さん 氏 さま 殿 先生 君"),
        "label": _words(
            "氏名 名前 担当 担当者 申請者 患者名 受取人 差出人 宛先 連絡先 保護者 契約者 口座名義 名義人 代表者 記入者 作成者 承認者 "
            "出席者 参加者 応募者 主治医 お名前 ご担当 被保険者 借主 貸主"
        ),
        "surname": _words(
            "佐藤 鈴木 高橋 田中 伊藤 渡辺 山本 中村 小林 加藤 吉田 山田 佐々木 山口 松本 井上 木村 林 斎藤 清水 山崎 森 池田 橋本 阿部 "
            "石川 前田 藤田 小川 岡田 後藤 長谷川 村上 近藤 石井 坂本 遠藤 青木 藤井 西村 福田 太田 三浦 岡本 松田 中島 原田 小野 竹内 金子"
        ),
        "given": _words(
            "太郎 花子 健一 美咲 翔太 由美 大輔 陽子 拓也 恵 直樹 久美子 誠 愛 和也 さくら 隆 真由美 蓮 葵 陽菜 結衣 悠真 湊 明 千尋 "
            "浩二 幸子 亮 彩 めぐみ ひろし 一郎 智子 徹 舞"
        ),
        "foreign": (
            "マイケル・ジョンソン",
            "サラ・ブラウン",
            "グエン・ティ・ラン",
            "オルガ・ペトロワ",
            "王偉",
            "李明",
            "キム・ミンス",
            "ジェームズ・リー",
            "マリア・サントス",
            "パク・ソヨン",
        ),
        "company": _words(
            "青空商事 株式会社ひかり技研 みどり製薬 合同会社つばさ 北斗電機 株式会社エムズワークス 有限会社山下工務店 わかば銀行 ひまわり病院 緑ヶ丘小学校 "
            "桜川大学 東京地方裁判所 横浜市役所 (株)ノースウインド サンライズ証券 アオバシステムズ株式会社 医療法人光会 富士見税務署 "
            "NPO法人こみち テクノブリッジ"
        ),
        "place": (
            "東京",
            "大阪",
            "東京都新宿区",
            "横浜市港北区",
            "札幌",
            "福岡県北九州市",
            "名古屋",
            "京都市",
            "渋谷",
            "仙台市青葉区",
            "神戸",
            "沖縄",
            "千葉県船橋市",
            "ソウル",
            "ベトナム",
            "ニューヨーク",
            "埼玉県",
            "広島",
            "新潟",
            "品川",
        ),
    },
    kinds={"person": "PS", "spaced": "PS", "short": "PS", "foreign": "PS", "company": "OG", "place": "LC"},
    plain=_lines(
        """
{topic}の{thing}を{detail}{action}ください。
{topic}で{topic}の{thing}を{action}。
この{topic}の{thing}を{detail}{action}
{topic}と{topic}の{thing}は何ですか。
{topic}が遅い{thing}は何でしょうか。
次の{topic}を{detail}{action}ください。
{topic}で{topic}を読み込んで{thing}を出す{topic}を書いて。
{topic}の{thing}について{detail}知りたいです。
今回の{topic}は{thing}が一割ほど増えました。
来週までに{topic}と{topic}を{action}ほしいとのことです。
・{topic}：{thing}を確認\\n・{topic}：完了
全社員に{topic}の{thing}を案内する{topic}を{action}。
【{topic}】{thing}のご案内
{topic}の担当部署に{thing}を問い合わせてください。
強調したい{topic}だけ太字にして。
"""
    ),
    named=_lines(
        """
{person}{honorific}、{topic}をお送りします。
{short}{title}に{topic}の{thing}を聞いて。
お世話になっております。{company}の{short}です。{topic}の件でご連絡しました。
{label}：{person}
{label}: {spaced}　所属：{company}
{label}　{spaced}\\n電話　00-0000-0000
{short}さんが{topic}を{action}ほしいそうです。
{person}さんは{place}に住み、{company}に勤めています。
{company}　代表取締役　{spaced}
{company}に{topic}を納品します。
{person}、{person}、{spaced}の三名が{topic}の会議に出席した。
1 {spaced} {title} {company}
| {person} | {title} | {place} |
{place}で開かれる{topic}の催しに{short}{title}がいらっしゃいます。
{foreign}さんの{topic}の申請を処理しました。
{label}：{foreign}
{company}\\n{short}様\\n{topic}についてご回答いたします。
患者の{person}は{company}で{topic}を受けた。
先週の{place}出張で{company}の{short}{title}に会った。
{person}という人が{topic}を送れと言ってきました
昨日{short}が{place}に行ったって
{short}：{topic}見た？\\n{short}：まだ。{short}さんに聞いてみる
原告{person}は被告{person}に対し{topic}の返還を求める。
以上、よろしくお願いいたします。\\n{company} {spaced}
"""
    ),
)

_PLACE = re.compile(r"\{(\w+)\}")
# Korean particles after a consonant, and after a vowel.
_PARTICLES = (("이라는", "라는"), ("으로", "로"), ("을", "를"), ("이", "가"), ("은", "는"), ("과", "와"))


def lines(language: Language, count: int, *, seed: int = 7) -> Iterator[Line]:
    """`count` lines, half of them without names. The same every time."""
    draw = random.Random(seed)
    for index in range(count):
        yield _fill(draw.choice(language.named if index % 2 else language.plain), language, draw)


def _fill(frame: str, language: Language, draw: random.Random) -> Line:
    parts: list[str] = []
    spans: list[tuple[int, int, str]] = []
    length = end = 0
    for place in _PLACE.finditer(frame):
        word = _word(place.group(1), language, draw)
        between = _agreeing(parts[-1] if parts else "", frame[end : place.start()])
        parts += [between, word]
        length += len(between)
        if place.group(1) in language.kinds:
            spans.append((length, length + len(word), language.kinds[place.group(1)]))
        length += len(word)
        end = place.end()
    return Line("".join(parts) + _agreeing(parts[-1] if parts else "", frame[end:]), tuple(spans))


def _agreeing(word: str, rest: str) -> str:
    """`rest` with the form of its Korean particle that follows `word`."""
    if not "가" <= word[-1:] <= "힣":
        return rest
    final = (ord(word[-1]) - ord("가")) % 28  # 0: none; 8: ㄹ, after which "로" stands
    for closed, opened in _PARTICLES:
        for particle in (closed, opened):
            if rest.startswith(particle) and not rest[len(particle) : len(particle) + 1].isalpha():
                return (opened if not final or (final == 8 and opened == "로") else closed) + rest[len(particle) :]
    return rest


def _word(place: str, language: Language, draw: random.Random) -> str:
    surname, given = draw.choice(language.words["surname"]), draw.choice(language.words["given"])
    match place:
        case "person":
            return surname + given
        case "spaced":
            return " ".join(surname + given) if language is KOREAN else f"{surname} {given}"
        case "short":
            return given if language is KOREAN else surname
        case "someone":
            return _someone(language, draw)
        case "firm":
            return draw.choice(language.words["stem"]) + draw.choice(language.words["suffix"])
        case "number" | "hex" | "uuid" | "time":
            return _drawn(place, draw)
        case _:
            return draw.choice(language.words[place])


def _someone(language: Language, draw: random.Random) -> str:
    """A name with any surname, also a rare one, and a given name of syllables that given names are made of."""
    words = language.words
    surname = draw.choice(words["surname"] if draw.random() < 0.5 else words["rare"])
    syllables = "".join(draw.choice(words["syllable"]) for _ in range(1 if draw.random() < 0.08 else 2))
    given = draw.choice(words["given"]) if draw.random() < 0.5 else syllables
    return surname + (" " if draw.random() < 0.1 else "") + given


def _drawn(place: str, draw: random.Random) -> str:
    digits = draw.randrange(10 ** draw.randint(1, 7))
    match place:
        case "hex":
            return f"{draw.getrandbits(draw.choice((28, 32, 40, 64))):x}"
        case "uuid":
            return str(uuid.UUID(int=draw.getrandbits(128), version=4))
        case "time":
            return (
                f"2025-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"
                f"{draw.choice('T ')}{draw.randint(0, 23):02}:{draw.randint(0, 59):02}:{draw.randint(0, 59):02}"
                f"{draw.choice(('Z', ''))}"
            )
        case _:
            return draw.choice((str(digits), f"{digits:,}", f"{digits / 10:.1f}"))
