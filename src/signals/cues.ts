/**
 * Words that say what a number near them is. A bare run of digits is taken for an identifier only
 * where such a word stands close before it.
 */
import { PhraseSet } from './phrases.ts';

const CUES = {
  telephone: `phone*, telephone*, tel, mobile, cell, cellphone, call, fax, sms, text, whatsapp, dial,
    ring, reach, hotline, contact, telefon*, handy, mobil, rufnummer, téléphone, tél, portable,
    appeler, teléfono, móvil, celular, llamar, telefono, cellulare, telefone, telefoon, телефон,
    电话, 電話, 手机, 전화`,
  identity: `ssn, social security, social insurance, national id, national identity, identity number,
    national insurance, nino, national identification, national number, identity card, id, id number,
    id no, id card, tax id, tax number, tax file number, taxpayer, tin, tfn, sin, personal number,
    personal code, personal id, citizen number, my number, cpf, bsn, burgerservicenummer, sofinummer,
    pesel, idnr, steuer id, steuerid, steuernummer, steueridentifikationsnummer,
    sozialversicherungsnummer, personnummer, personnr, fødselsnummer, henkilötunnus, cpr, aadhaar,
    aadhar, curp, rut, cedula, dni, nie, nif, nir, numéro de sécurité sociale, contribuinte,
    codice fiscale, cnp, egn, jmbg, oib, emso, rodné číslo, kimlik, снилс, инн, 身份证, マイナンバー,
    주민등록번호`,
  passport: 'passport, passport no, reisepass, passeport, pasaporte, passaporto, паспорт, 护照',
  plate: `plate, plates, number plate, licence plate, license plate, plate number, registration,
    registration number, reg, reg no, vrn, vehicle, car, van, truck, kennzeichen, immatriculation,
    plaque, matrícula, targa, kenteken, 车牌`,
  place: `lat, latitude, lon, lng, long, longitude, coordinate*, coords, gps, geo, geolocation,
    location, located, position, point, wgs84, koordinaten, coordonnées, coordenadas, координаты,
    坐标`,
} as const;

export type CueKind = keyof typeof CUES;

/** How far before a number its cue may end, in UTF-16 units. */
const REACH = 40;

const kinds: CueKind[] = [];
const phrases: string[] = [];
for (const [kind, words] of Object.entries(CUES)) {
  for (const word of words.split(',')) {
    phrases.push(word.trim());
    kinds.push(kind as CueKind);
  }
}
const cueSet = new PhraseSet(phrases);

/** The cues of one text, looked for when the first is asked for. */
export class Cues {
  readonly #text: string;
  /** By kind: the offsets at which they end, ascending. */
  #found: Partial<Record<CueKind, number[]>> | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  has(kind: CueKind): boolean {
    return this.#ends(kind) !== undefined;
  }

  /** Whether a cue of that kind ends close before `start`. */
  isBefore(kind: CueKind, start: number): boolean {
    return this.isWithin(kind, start, start);
  }

  /** Whether one ends close before `start`, or from there up to `end`. */
  isWithin(kind: CueKind, start: number, end: number): boolean {
    const ends = this.#ends(kind);
    if (!ends) return false;
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ends[middle] as number) <= end) low = middle + 1;
      else high = middle;
    }
    return low > 0 && (ends[low - 1] as number) >= start - REACH;
  }

  #ends(kind: CueKind): readonly number[] | undefined {
    this.#found ??= findCues(this.#text);
    return this.#found[kind];
  }
}

function findCues(text: string): Partial<Record<CueKind, number[]>> {
  const found: Partial<Record<CueKind, number[]>> = {};
  const hits: number[] = [];
  cueSet.scan(text, hits);
  for (let i = 0; i < hits.length; i += 2) {
    const kind = kinds[hits[i] as number] as CueKind;
    found[kind] ??= [];
    found[kind].push(hits[i + 1] as number);
  }
  return found;
}
