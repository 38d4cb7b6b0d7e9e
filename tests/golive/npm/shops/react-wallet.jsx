// Checkout Pro by the Wallet Brick of sdk-react; the server makes the preference.
import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Wallet, initMercadoPago } from '@mercadopago/sdk-react';

initMercadoPago('APP_USR-00000000-1111-4222-8333-444444444444', { locale: 'es-AR' });

function Cart() {
  const [preferenceId, setPreferenceId] = useState(null);
  useEffect(() => {
    fetch('/api/preference', { method: 'POST' }).then((answer) => answer.json()).then(({ id }) => setPreferenceId(id));
  }, []);
  return (
    <main>
      <h1>Tu carrito</h1>
      <p>Yerba mate, 2 unidades</p>
      {preferenceId && <Wallet initialization={{ preferenceId }} />}
    </main>
  );
}

createRoot(document.getElementById('root')).render(<Cart />);
