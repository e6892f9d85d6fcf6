/**
 * What hints look for, each with the reason why a reader may want to look. English only. A pattern
 * that meets as many harmless phrases as others is left out: a hint that is mostly wrong is not read.
 *
 * Patterns see one line with single spaces, plain quotes and dashes, and ignore case but for names.
 */

interface HintPatterns {
  readonly why: string;
  readonly patterns: readonly RegExp[];
}

const NAME = '(?-i:\\p{Lu}[\\p{L}\\p{N}-]+)';
const ROLE =
  'the (?:company|provider|supplier|vendor|licensor|operator|customer|agency|department|ministry|government|commander|authority|administrator|party|parties)';
/** Who acts for one side. Not `you`, whose duties a text lays down. */
const SIDE = `(?:we|us|it|they|he or she|${ROLE}|${NAME})`;
const OWN = `(?:our|its|their|his|her|his or her|${ROLE}'s|${NAME}'s?)`;
const RULES =
  '(?:restrictions?|limitations?|limits?|safeguards?|prohibitions?|requirements?|guardrails?|conditions?|terms|polic(?:y|ies)|rules?|provisions?)';
const TEXTS = '(?:terms|polic(?:y|ies)|agreements?|guidelines|rules)';
const CONSENT = '(?:consent|approval|permission|authori[sz]ation|blessing)';
const FORMAL = '(?:official |prior |express |written |explicit |and )';
const LAW = '(?:by|under) (?:any )?(?:applicable |local |relevant |governing )?laws?';
const LAWFUL = '(?:permitted|allowed|authori[sz]ed)';

export const HINT_KINDS = {
  override: {
    why: 'What it introduces can set aside what the text says elsewhere.',
    patterns: phrases(
      'notwithstanding',
      `regardless of (?:anything|any|the) (?:other )?(?:${RULES}|clauses?|sections?|to the contrary)`,
      `nothing in (?:this|these|the|our) ${TEXTS} (?:shall |will |may |is intended to |should be read to )*(?:limit|prevent|restrict|prohibit|preclude|stop|constrain)s?(?![^.]{0,40} liability)`,
      '(?:prevails? over|takes? precedence over)',
      `supersedes? (?!any prior|all prior|prior|any previous|all previous|previous)(?:any |all |these |this |the )?(?:[\\p{L}-]+ ){0,2}?${RULES}`,
    ),
  },
  discretion: {
    why: 'One side decides alone, by no standard that the other could hold it to.',
    patterns: phrases(
      `(?:in|at) ${OWN} (?:own |sole |absolute |exclusive |unfettered |reasonable |and )*discretion`,
      '(?<!your )(?:sole|absolute|unfettered) discretion',
      `(?:in|at) the (?:sole )?discretion of ${SIDE}`,
      `(?:in|by|according to) ${OWN} (?:own |sole |reasonable |good[ -]faith )*(?:judge?ment|opinion|determination|assessment)`,
      `as (?:you|${SIDE}) sees? fit`,
      `(?:where|when|if|unless|as|that|which) ${SIDE} (?:may )?(?:reasonably |otherwise )?(?:determine|deem|consider|judge)s?(?: (?:that|to be|necessary|appropriate))?`,
      '(?:waived?|lifted|disregarded|suspended|changed|overridden|modified) at will',
    ),
  },
  exception: {
    why: 'The sentence can be lifted, and what must be so for that is not said.',
    patterns: phrases(
      '(?:unless|except as|except where|save as|save where|or as|if not) (?:is |are )?(?:otherwise|expressly|specifically) (?:expressly |specifically |otherwise )*(?:directed|instructed|agreed|authori[sz]ed|approved|determined|ordered|waived)(?: in writing)?',
      'unless (?:directed|instructed|ordered|agreed|authori[sz]ed|approved) otherwise',
      '(?:may|can|might)(?: also)?(?:, [^,.;]{1,60},)? (?:grant|make|allow|permit|authori[sz]e|approve) (?:an? |any |some |such |further |limited )*exceptions?',
      `(?:may|can|might)(?: also)? (?:waive|relax|lift|suspend|disregard|set aside|override|depart from|derogate from)(?: (?:any|some|all|these|this|the|its|our|such|of))* ${RULES}`,
      `${RULES} (?:may|can|might) be (?:temporarily )?(?:waived|relaxed|lifted|suspended|disregarded|set aside|overridden|tailored)`,
      `tailor(?:s|ed|ing)? (?:any |some |the |these |our |its |use )*${RULES}`,
      `(?:unless|without|otherwise) (?:you )?(?:have |obtain |receive )?(?:our|its) ${FORMAL}*${CONSENT}`,
      `without (?:the )?${FORMAL}+${CONSENT} (?:of|from|by) (?:us|${NAME})`,
      '(?:in|under) (?:exceptional|extraordinary|exigent|special|emergency) (?:cases|circumstances|situations)',
      '(?:where|when|if|as|unless|for|by) (?:[\\p{L}]+ ){0,2}?(?:operational|mission|military) (?:necessity|needs?|requirements?)',
    ),
  },
  'open standard': {
    why: 'What it takes to comply is left to whoever applies it.',
    patterns: phrases(
      '(?:(?<!\\bas \\p{L}+ )as|where|when|if|to the extent) (?:it is |is |deemed |considered |reasonably |otherwise )*(?:appropriate|necessary|practicable|feasible|reasonable|possible|practical|warranted)(?! to |:)',
      '(?:commercially )?(?:reasonable|best|good[ -]faith) (?:efforts|endeavou?rs)',
      'reasonable (?:steps|measures)',
      '(?:shall|will|must|to) endeavou?r to',
    ),
  },
  'unnamed authority': {
    why: 'Someone’s approval or instruction decides, and the text does not say whose.',
    patterns: phrases(
      `(?:directed|instructed|approved|authori[sz]ed|permitted|required|requested|designated|instructions?|${CONSENT}) (?:by|from|of) (?:the |an? |any )?(?:relevant|appropriate|competent|proper|applicable|responsible|cognizant|designated|authori[sz]ed|higher) (?:authorit(?:y|ies)|officials?|officers?|persons?|personnel|parties|party|representatives?|bod(?:y|ies))`,
      '(?<!\\b(?:our|its|your|their) )(?:duly |properly |appropriately )?(?:authori[sz]ed|designated|cleared) (?:personnel|officials?)',
      '(?:without|with|subject to|upon) (?:the )?(?:appropriate|proper|due|requisite|necessary|relevant) (?:authori[sz]ation|approval|authority)(?! (?:from|of|by))',
      '(?:as|where|if|unless|when) (?:properly |duly )?authori[sz]ed(?! (?:by|under|in|to)\\b)',
    ),
  },
  'law as the limit': {
    why: 'The exception is as wide as the law is, whichever law applies and however it changes.',
    patterns: phrases(
      `(?:save|except|unless|other than)(?: (?!or\\b)[\\p{L}-]+){0,9}? (?:permitted|allowed|authori[sz]ed|prohibited|required) ${LAW}`,
      `(?-i:[Tt]o the extent) (?:that )?(?:it is |is )?${LAWFUL} ${LAW}`,
      `(?-i:where|as) ${LAWFUL} ${LAW}`,
      '(?:any|all|every) lawful (?:use|purpose|activity|order|mission)s?',
      'lawful (?:uses?|purposes?) only',
      'unless you have (?:obtained )?the (?:legal )?right to do so',
    ),
  },
  'change by one side': {
    why: 'One side can change what was agreed, or act on it, without the other.',
    patterns: phrases(
      'reserves? (?:the|its|our) rights?,? (?:at any time,? )?to',
      `(?:${SIDE} )?(?:may|will|can|might)(?: also)?(?: periodically| occasionally| from time to time| at any time|,[^,.;]{1,40},)? (?:modify|change|amend|update|revise|alter)(?: or [\\p{L}]+)? (?:this|these|our|the|its|such) (?:[\\p{L}-]+ ){0,3}?${TEXTS}`,
      `(?:this|these|our|the|its) (?:[\\p{L}-]+ ){0,2}?${TEXTS} (?:may|will|can)(?: also)?(?: from time to time| periodically)? (?:change|evolve|be (?:changed|updated|amended|modified|revised))(?! only)`,
      'without (?:any )?(?:prior |advance |further )?notice',
      'at any time(?:,? (?:and|or) for any reason)',
    ),
  },
  'for now': {
    why: 'It holds until someone says otherwise.',
    patterns: phrases(
      'until further notice',
      'for the time being',
      'at this time',
      'on an interim basis',
      '(?:currently|presently) (?:only )?(?:appl(?:y|ies)|prohibited|not permitted)',
    ),
  },
} as const satisfies Readonly<Record<string, HintPatterns>>;

export type HintKind = keyof typeof HINT_KINDS;

function phrases(...alternatives: readonly string[]): readonly RegExp[] {
  return alternatives.map(
    (phrase) => new RegExp(`(?<![\\p{L}\\p{N}])(?:${phrase})(?![\\p{L}\\p{N}])`, 'giu'),
  );
}
