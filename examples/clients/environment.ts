/**
 * Clients that are told nothing: base URL and key come from the environment, as for any program that
 * builds its client without options.
 *
 *   OPENAI_BASE_URL=http://127.0.0.1:8787/v1      OPENAI_API_KEY=prv_…
 *   ANTHROPIC_BASE_URL=http://127.0.0.1:8787      ANTHROPIC_API_KEY=prv_…
 *   GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:8787  GEMINI_API_KEY=prv_…
 */
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';

const openai = await new OpenAI().models.list();
console.log('OpenAI:', openai.data.map(({ id }) => id).join(', '));

const anthropic = await new Anthropic().models.list();
console.log('Anthropic:', anthropic.data.map(({ id }) => id).join(', '));

const google = await new GoogleGenAI({}).models.list();
console.log('Google:', google.page.map(({ name }) => name).join(', '));
