/**
 * What hints look for, each with the reason why a reader may want to look. English only. A pattern
 * that meets as many harmless phrases as others is left out: a hint that is mostly wrong is not read.
 *
 * Patterns see one line with single spaces, plain quotes and dashes.
 */

interface HintPatterns {
  readonly why: string;
  readonly patterns: readonly RegExp[];
}

/** Who acts for one side: `we`, `the supplier`, a name. Never `you`, whose duties a text lays down. */
const SIDE = '(?:we|us|it|they|he or she|the [\\p{L}-]+|(?-i:\\p{Lu}[\\p{L}\\p{N}-]+))';
const OWN =
  "(?:our|its|their|his|her|his or her|your|the [\\p{L}-]+'s|(?-i:\\p{Lu}[\\p{L}\\p{N}-]+)'s?)";
const RULES =
  '(?:restrictions?|limitations?|limits?|safeguards?|prohibitions?|requirements?|guardrails?|conditions?|terms|polic(?:y|ies)|rules?|provisions?)';
const TEXTS = '(?:terms|polic(?:y|ies)|agreements?|guidelines|rules)';

function pattern(...parts: readonly string[]): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}])(?:${parts.join('|')})(?![\\p{L}\\p{N}])`, 'giu');
}

export const HINT_KINDS = {
  override: {
    why: 'What it introduces can set aside what the text says elsewhere.',
    patterns: [
      pattern(
        'notwithstanding',
        `regardless of (?:any(?:thing)?|the) (?:other )?(?:${RULES}|clauses?|sections?|to the contrary)`,
        `nothing in (?:this|these|the|our) ${TEXTS}`,
        '(?:shall|will|must|may)? ?(?:prevail|take precedence|supersede)s? over',
        'takes? precedence over',
        'supersedes?',
      ),
    ],
  },
  discretion: {
    why: 'One side decides alone, by no standard that the other could hold it to.',
    patterns: [
      pattern(
        `(?:in|at) (?:${OWN} )?(?:own |sole |absolute |exclusive |unfettered |and )*discretion(?: of ${SIDE})?`,
        '(?:sole|absolute|unfettered) discretion',
        `(?:in|at) the (?:sole )?discretion of ${SIDE}`,
        `(?:in|by|according to) ${OWN} (?:own |sole |reasonable |good[ -]faith )*(?:judge?ment|opinion|determination|assessment)`,
        `as ${'(?:we|you|it|they|he or she|the [\\p{L}-]+|(?-i:\\p{Lu}[\\p{L}\\p{N}-]+))'} sees? fit`,
        `(?:where|when|if|unless|as|that|which|circumstances where|circumstances in which) ${SIDE} (?:may )?(?:reasonably |otherwise )?(?:determin|deem|consider|judge|decid)(?:es?|s)?(?: (?:it )?(?:that|to be|necessary|appropriate))?`,
        'at will',
      ),
    ],
  },
  exception: {
    why: 'The sentence can be lifted, and what must be so for that is not said.',
    patterns: [
      pattern(
        '(?:unless|except as|except where|save as|save where|or as|if not) (?:is |are )?(?:otherwise |expressly |specifically )*(?:directed|instructed|agreed|authori[sz]ed|approved|determined|ordered|waived)(?: otherwise)?(?: in writing)?',
        `(?:may|can|might)(?: also)?(?:, [^,.;]{1,60},)? (?:grant|make|allow|permit|authori[sz]e|approve) (?:an? |any |some |such |further |limited )*exceptions?`,
        `(?:may|can|might)(?: also)? (?:waive|relax|lift|suspend|disregard|set aside|override|depart from|derogate from)(?: (?:any|some|all|these|this|the|its|our|such|of))* ${RULES}`,
        `${RULES} (?:may|can|might) be (?:temporarily )?(?:waived|relaxed|lifted|suspended|disregarded|set aside|overridden|tailored|adjusted)`,
        `tailor(?:s|ed|ing)? (?:any |some |the |these |our |its |use )*${RULES}`,
        `(?:unless|without) (?:you (?:have|obtain|receive) )?(?:or otherwise have )?(?:our|its) (?:official |prior |express |written |explicit |and )*(?:consent|approval|permission|authori[sz]ation|blessing)`,
        `otherwise have (?:our|its) (?:official |prior |express |written |explicit |and )*(?:consent|approval|permission|authori[sz]ation|blessing)`,
        `without (?:the )?(?:prior|express|written|explicit)(?:,? (?:and )?(?:prior|express|written|explicit))* (?:consent|approval|permission|authori[sz]ation) (?:of|from|by) (?:us|(?-i:\\p{Lu}[\\p{L}\\p{N}-]+))`,
        '(?:in|under) (?:exceptional|extraordinary|exigent|special|emergency|certain) (?:cases|circumstances|situations)',
        '(?:operational|mission|military) (?:necessity|needs?|requirements?)',
      ),
    ],
  },
  'open standard': {
    why: 'What it takes to comply is left to whoever applies it.',
    patterns: [
      pattern(
        '(?:as|where|when|if|to the extent) (?:it is |is |deemed |considered |reasonably |otherwise )*(?:appropriate|necessary|practicable|feasible|reasonable|possible|practical|needed|warranted)',
        '(?:all )?(?:commercially )?(?:reasonable|best|good[ -]faith) (?:efforts|endeavou?rs)',
        'reasonable (?:steps|measures)',
        '(?:shall|will|must|to) endeavou?r to',
      ),
    ],
  },
  'unnamed authority': {
    why: 'Someone’s approval or instruction decides, and the text does not say whose.',
    patterns: [
      pattern(
        '(?:directed|instructed|approved|authori[sz]ed|permitted|required|requested|designated|consent|approval|authori[sz]ation|permission|instructions?) (?:by|from|of) (?:the |an? |any )?(?:relevant|appropriate|competent|proper|applicable|responsible|cognizant|designated|authori[sz]ed) (?:authorit(?:y|ies)|officials?|officers?|persons?|personnel|parties|party|representatives?|bod(?:y|ies))',
        '(?:duly |properly |appropriately )?(?:authori[sz]ed|designated|cleared) (?:personnel|officials?|representatives?)',
        '(?:without|with|subject to|upon) (?:the )?(?:appropriate|proper|due|requisite|necessary|relevant) (?:authori[sz]ation|approval|authority)(?! (?:from|of|by))',
        '(?:as|where|if|unless|when) (?:properly |duly |otherwise )?authori[sz]ed(?! (?:by|under|in|to))',
        '(?:higher|superior|command) authorit(?:y|ies)',
      ),
    ],
  },
  'law as the limit': {
    why: 'The exception is as wide as the law is, whichever law applies and however it changes.',
    patterns: [
      pattern(
        `(?:(?:save|except|unless|other than)(?: as| where| when| if| to the extent)?[^.;,]{0,40}|to the (?:fullest |maximum )?extent(?: that)?[^.;,]{0,30}) ?(?:permitted|allowed|authori[sz]ed|prohibited|required) (?:by|under) (?:any )?(?:applicable |local |relevant |governing )?laws?`,
        '(?:where|as) (?:permitted|allowed|authori[sz]ed) (?:by|under) (?:any )?(?:applicable |local |relevant |governing )?laws?',
        '(?:any|all|every) lawful (?:use|purpose|activity|order|mission)s?',
        'lawful (?:uses?|purposes?) only',
        'unless you have (?:obtained )?the (?:legal )?right to do so',
      ),
    ],
  },
  'change by one side': {
    why: 'One side can change what was agreed without the other.',
    patterns: [
      pattern(
        `reserves? (?:all |the |its |our )*rights?(?: to)?`,
        `(?:${SIDE} )?(?:may|will|can|might)(?: also)?(?: periodically| occasionally| from time to time| at any time|,[^,.;]{1,40},)? (?:modify|change|amend|update|revise|alter|supplement|replace)(?: or [\\p{L}]+)? (?:this|these|our|the|its|such) (?:[\\p{L}-]+ ){0,3}?${TEXTS}`,
        `(?:this|these|our|the|its) (?:[\\p{L}-]+ ){0,2}?${TEXTS} (?:may|will|can)(?: also)?(?: from time to time| periodically)? (?:change|evolve|be (?:changed|updated|amended|modified|revised))`,
        'without (?:any )?(?:prior |advance |further )?notice',
        'at any time(?:,? (?:and|or) for any reason)',
      ),
    ],
  },
  'for now': {
    why: 'It holds until someone says otherwise.',
    patterns: [
      pattern(
        'until further notice',
        'for the time being',
        'at this time',
        'on an interim basis',
        '(?:currently|presently) (?:only )?(?:appl(?:y|ies)|prohibited|not permitted)',
      ),
    ],
  },
} as const satisfies Readonly<Record<string, HintPatterns>>;

export type HintKind = keyof typeof HINT_KINDS;
