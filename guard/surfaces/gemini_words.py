"""The words of Gemini's API: its fields, and the shapes of values that are words of the API.

JSON in Google's APIs may spell a field as in `systemInstruction` or as in `system_instruction`; both are read here.
Sources: the Gemini API reference, "Generating content", "Counting tokens" and "Embeddings"; ProtoJSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from guard.surfaces import words
from guard.surfaces.walk import Vocabulary

Shape = TypeVar("Shape")

# In a path: no segment begins with a dot, so that none leads elsewhere.
MODEL = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9][A-Za-z0-9_.:@+-]*(/[A-Za-z0-9][A-Za-z0-9_.:@+-]*)*")


def snake(name: str) -> str:
    """A field's other spelling."""
    return re.sub("[A-Z]", lambda capital: f"_{capital.group().lower()}", name)


def both(names: Iterable[str]) -> frozenset[str]:
    """Fields in both spellings."""
    return frozenset(spelling for name in names for spelling in (name, snake(name)))


def _each(shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    return {spelling: shape for name, shape in shapes.items() for spelling in (name, snake(name))}


_REQUEST = """
    contents systemInstruction tools toolConfig safetySettings generationConfig cachedContent labels serviceTier
    store content role parts text thought thoughtSignature inlineData mimeType data displayName fileData fileUri
    functionCall name args id partialArgs willContinue functionResponse response scheduling executableCode language
    code codeExecutionResult outcome output videoMetadata startOffset endOffset fps mediaResolution level
    partMetadata toolCall toolResponse toolType functionDeclarations parameters parametersJsonSchema
    responseJsonSchema behavior googleSearch timeRangeFilter startTime endTime searchTypes webSearch imageSearch
    googleSearchRetrieval dynamicRetrievalConfig dynamicThreshold codeExecution urlContext googleMaps enableWidget
    fileSearch fileSearchStoreNames metadataFilter topK computerUse environment excludedPredefinedFunctions
    mcpServers functionCallingConfig mode allowedFunctionNames retrievalConfig latLng latitude longitude
    languageCode includeServerSideToolInvocations streamFunctionCallArguments category threshold candidateCount
    stopSequences maxOutputTokens temperature topP seed presencePenalty frequencyPenalty responseMimeType
    responseSchema responseModalities responseLogprobs logprobs speechConfig voiceConfig prebuiltVoiceConfig
    voiceName multiSpeakerVoiceConfig speakerVoiceConfigs speaker thinkingConfig includeThoughts thinkingBudget
    thinkingLevel imageConfig aspectRatio imageSize enableEnhancedCivicAnswers audioTimestamp example
    propertyOrdering minProperties maxProperties defs ref generateContentRequest model requests taskType
    outputDimensionality autoTruncate
"""
_REPLY = """
    candidates index finishReason finishMessage safetyRatings probability blocked severity probabilityScore
    severityScore tokenCount avgLogprobs logprobsResult topCandidates chosenCandidates token tokenId logProbability
    logProbabilitySum promptFeedback blockReason blockReasonMessage method usageMetadata promptTokenCount
    candidatesTokenCount totalTokenCount cachedContentTokenCount toolUsePromptTokenCount thoughtsTokenCount
    promptTokensDetails candidatesTokensDetails cacheTokensDetails toolUsePromptTokensDetails modality trafficType
    modelVersion responseId createTime modelStatus modelStage retirementTime message citationMetadata
    citationSources citations startIndex endIndex uri license publicationDate groundingMetadata groundingChunks
    groundingSupports groundingAttributions web domain retrievedContext maps placeId segment partIndex
    groundingChunkIndices confidenceScores webSearchQueries imageSearchQueries retrievalQueries searchEntryPoint
    renderedContent sdkBlob retrievalMetadata googleSearchDynamicRetrievalScore googleMapsWidgetContextToken
    urlContextMetadata urlMetadata retrievedUrl urlRetrievalStatus totalTokens embedding embeddings values
    statistics truncated error status details audioMetadata audioTranscription authorAttribution
    billableCharacterCount body boolValue chunkId contentLayers continuationToken customMetadata day distanceMeters
    documentMetadata documentName duration encodedPolyline endPage fileId fileSearchStore finished firstPage
    flagContentUri googleMapsUri headers image imageUri jsonPath key lastPage mediaId mediaProcessing metadata month
    nullValue numTokens numberValue numericValue overwrittenThreshold pageNumber pageSpan photoUri
    placeAnswerSources ragChunk relativePublishTimeDescription renderedParts responseTokenCount
    responseTokensDetails review reviewId reviewSnippet reviewSnippets route sheetIndex sourceFlaggingUris sourceId
    sourceUri speakerLabel speechMetadata spreadsheetMetadata startPage stringListValue stringValue style
    tokensDetails visibleCells word words year
"""

_SCHEMA_TYPE = f"{words.SCHEMA_TYPE}|TYPE_UNSPECIFIED"
_THRESHOLD = re.compile("BLOCK_(NONE|ONLY_HIGH|MEDIUM_AND_ABOVE|LOW_AND_ABOVE)|OFF|HARM_BLOCK_THRESHOLD_UNSPECIFIED")
_MODALITY = re.compile("TEXT|IMAGE|AUDIO|VIDEO|DOCUMENT|MODALITY_UNSPECIFIED", re.IGNORECASE)
_FINISH = re.compile(
    "STOP|MAX_TOKENS|SAFETY|RECITATION|LANGUAGE|OTHER|BLOCKLIST|PROHIBITED_CONTENT|SPII|MODEL_ARMOR|CONTINUATION"
    "|ESCALATION|MALFORMED_(FUNCTION_CALL|RESPONSE)|(UNEXPECTED|TOO_MANY)_TOOL_CALLS?|MISSING_THOUGHT_SIGNATURE"
    "|NO_IMAGE|IMAGE_(SAFETY|PROHIBITED_CONTENT|OTHER|RECITATION)|PUP_LIMITED_DISABLED|FINISH_REASON_UNSPECIFIED"
)

VOCABULARY = Vocabulary(
    keys=both((*words.SCHEMA_KEYS, *f"{_REQUEST} {_REPLY}".split())),
    words={
        **words.SCHEMA_WORDS,
        **_each({
            "role": re.compile("user|model|function|system"),
            "type": re.compile(_SCHEMA_TYPE, re.IGNORECASE),
            "format": re.compile(rf"enum|int32|int64|float|double|{words.FORMAT.pattern}"),
            "mimeType": re.compile(r"(image|audio|video|application|text)/[a-z0-9.+-]+"),
            "responseMimeType": re.compile(r"application/json|text/(plain|x\.enum)"),
            "responseModalities": _MODALITY,
            "modality": _MODALITY,
            "language": re.compile("PYTHON|LANGUAGE_UNSPECIFIED"),
            "outcome": re.compile("OUTCOME_(UNSPECIFIED|OK|FAILED|DEADLINE_EXCEEDED)"),
            "mode": re.compile("AUTO|ANY|NONE|VALIDATED|MODE_UNSPECIFIED|MODE_DYNAMIC"),
            "behavior": re.compile("UNSPECIFIED|BLOCKING|NON_BLOCKING"),
            "scheduling": re.compile("SCHEDULING_UNSPECIFIED|SILENT|WHEN_IDLE|INTERRUPT"),
            "category": re.compile(
                "HARM_CATEGORY_(UNSPECIFIED|CIVIC_INTEGRITY|DANGEROUS_CONTENT|HARASSMENT|HATE_SPEECH|SEXUALLY_EXPLICIT"
                "|JAILBREAK|IMAGE_(DANGEROUS_CONTENT|HARASSMENT|HATE|SEXUALLY_EXPLICIT))"
            ),
            "threshold": _THRESHOLD,
            "overwrittenThreshold": _THRESHOLD,
            "method": re.compile("HARM_BLOCK_METHOD_UNSPECIFIED|SEVERITY|PROBABILITY"),
            "probability": re.compile("NEGLIGIBLE|LOW|MEDIUM|HIGH|HARM_PROBABILITY_UNSPECIFIED"),
            "severity": re.compile("HARM_SEVERITY_(NEGLIGIBLE|LOW|MEDIUM|HIGH|UNSPECIFIED)"),
            "mediaResolution": re.compile("MEDIA_RESOLUTION_(UNSPECIFIED|LOW|MEDIUM|HIGH)"),
            "level": re.compile("MEDIA_RESOLUTION_(UNSPECIFIED|LOW|MEDIUM|HIGH|ULTRA_HIGH)"),
            "thinkingLevel": re.compile(
                "MINIMAL|LOW|MEDIUM|HIGH|XHIGH|THINKING_LEVEL_UNSPECIFIED", re.IGNORECASE
            ),
            "environment": re.compile("ENVIRONMENT_(UNSPECIFIED|BROWSER|MOBILE|DESKTOP)"),
            "serviceTier": re.compile("unspecified|standard|flex|priority"),
            "taskType": re.compile(
                "TASK_TYPE_UNSPECIFIED|RETRIEVAL_(QUERY|DOCUMENT)|SEMANTIC_SIMILARITY|CLASSIFICATION|CLUSTERING"
                "|QUESTION_ANSWERING|FACT_VERIFICATION|CODE_RETRIEVAL_QUERY"
            ),
            "toolType": re.compile(
                "TOOL_TYPE_UNSPECIFIED|GOOGLE_(SEARCH_WEB|SEARCH_IMAGE|MAPS)|URL_CONTEXT|FILE_SEARCH|MEDIA_PROCESSING"
            ),
            "finishReason": _FINISH,
            "blockReason": re.compile(
                "BLOCKED_REASON_UNSPECIFIED|SAFETY|OTHER|BLOCKLIST|PROHIBITED_CONTENT|IMAGE_SAFETY|MODEL_ARMOR|JAILBREAK"
            ),
            "urlRetrievalStatus": re.compile("URL_RETRIEVAL_STATUS_(UNSPECIFIED|SUCCESS|ERROR|PAYWALL|UNSAFE)"),
            "trafficType": re.compile(
                "TRAFFIC_TYPE_UNSPECIFIED|ON_DEMAND(_PRIORITY|_FLEX|_OFFPEAK)?|PROVISIONED_THROUGHPUT"
            ),
            "modelStage": re.compile(
                "MODEL_STAGE_UNSPECIFIED|(UNSTABLE_)?EXPERIMENTAL|PREVIEW|STABLE|LEGACY|DEPRECATED|RETIRED"
            ),
        }),
    },
    names=words.NAMES | both(("allowedFunctionNames", "propertyOrdering", "excludedPredefinedFunctions")),
    fixed=_each({
        "model": MODEL,
        "modelVersion": MODEL,
        "cachedContent": re.compile("cachedContents/[a-z0-9-]{1,64}"),
        "seed": re.compile(r"-?\d+"),
        "thoughtSignature": words.SEALED,
        "data": words.SEALED,
    }),
    free=words.FREE | both(("args", "response", "labels", "partMetadata", "example")),
)  # fmt: skip
